"""The lists that are served: for each visitor, for each product, and for everybody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from recommendations.admin.cells import UNKNOWN, Cell, Table, code, link, milliseconds, moment, number
from recommendations.admin.columns import instant_of, time_of
from recommendations.admin.pages import AdminPage
from recommendations.admin.readonly import ReadOnlyAdmin
from recommendations.admin.trace import batch_link
from recommendations.models import RankedProduct, SimilarProducts, VisitorList


@admin.register(VisitorList)
class VisitorListAdmin(ReadOnlyAdmin):
    list_display = ("visitor_id", time_of("as_of", "As of"), "item_count", "newest_product")
    search_fields = ("visitor_id__startswith",)
    search_help_text = "The beginning of a visitor's id"
    explanation = "What is recommended to each visitor; the first look at a product in the shop makes one."
    ordering = ("visitor_id",)
    readonly_fields = (instant_of("as_of", "As of"),)
    fields = ("visitor_id", "version", *readonly_fields)
    change_form_after_template = "recommendations/admin/visitor_list.html"

    @admin.display(description="Items")
    def item_count(self, visitor_list: VisitorList) -> int:
        return len(visitor_list.items)

    @admin.display(description="Newest product")
    def newest_product(self, visitor_list: VisitorList) -> str:
        return visitor_list.events[0]["productId"] if visitor_list.events else UNKNOWN

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        visitor_list = VisitorList.objects.filter(pk=object_id).first()
        tables = {}
        if visitor_list is not None:
            tables = {"items": _items(visitor_list), "events": _events(visitor_list)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **tables})


@admin.register(SimilarProducts)
class SimilarProductsAdmin(ReadOnlyAdmin):
    list_display = ("product_id", time_of("as_of", "As of"), "other_count", "most_similar")
    search_fields = ("product_id__startswith",)
    search_help_text = "The beginning of a product's id"
    explanation = "For each product the most similar ones; looking at two products in the shop makes them."
    ordering = ("product_id",)
    readonly_fields = (instant_of("as_of", "As of"),)
    fields = ("product_id", *readonly_fields)
    change_form_after_template = "recommendations/admin/similar_products.html"

    @admin.display(description="Similar products")
    def other_count(self, similar: SimilarProducts) -> int:
        return len(similar.other_ids)

    @admin.display(description="Most similar")
    def most_similar(self, similar: SimilarProducts) -> str:
        return ", ".join(similar.other_ids[:3]) or UNKNOWN

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        similar = SimilarProducts.objects.filter(pk=object_id).first()
        extra = {} if similar is None else {"others": _others(similar)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})


class RankedPage(AdminPage):
    title = "Trending and popular"
    permission_required = "recommendations.view_rankedproduct"
    template_name = "recommendations/admin/ranked.html"
    refresh = 10

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ranked = list(RankedProduct.objects.filter(category="").order_by("kind", "rank"))
        return super().get_context_data(
            **kwargs,
            trending=_ranked([each for each in ranked if each.kind == RankedProduct.Kind.TRENDING]),
            popular=_ranked([each for each in ranked if each.kind == RankedProduct.Kind.POPULAR]),
        )


def visitor_link(visitor_id: str) -> Cell:
    return link(reverse("admin:recommendations_visitorlist_change", args=[visitor_id]), visitor_id)


def _items(visitor_list: VisitorList) -> Table:
    def row(place: int, item: dict[str, Any]) -> Sequence[Cell]:
        because = visitor_list.events[item["because"]]
        moved = visitor_list.events[item["moved"]]
        return (
            place,
            item["productId"],
            number(item["score"], 4),
            f"{because['event']}: {because['productId']}",
            batch_link(moved["topic"], moved["partition"], moved["offset"]),
        )

    return Table(
        headers=("#", "Product", "Score", "Because of", "Last moved by"),
        rows=[row(place, item) for place, item in enumerate(visitor_list.items, 1)],
    )


def _events(visitor_list: VisitorList) -> Table:
    def row(event: dict[str, Any]) -> Sequence[Cell]:
        received, computed = _time(event["receivedAt"]), _time(event["computedAt"])
        known = received is not None and computed is not None
        return (
            moment(_time(event["occurredAt"])),
            event["event"],
            event["productId"],
            code(event["eventId"]),
            batch_link(event["topic"], event["partition"], event["offset"]),
            milliseconds((computed - received).total_seconds() * 1000 if known else None),  # type: ignore[operator]
        )

    return Table(
        headers=("Occurred", "Event", "Product", "Event id", "In the log", "Click to computed"),
        rows=[row(event) for event in visitor_list.events],
    )


def _others(similar: SimilarProducts) -> Table:
    return Table(
        headers=("#", "Product", "Score"),
        rows=[
            (place, other, number(score, 4))
            for place, (other, score) in enumerate(zip(similar.other_ids, similar.scores, strict=True), 1)
        ],
    )


def _ranked(products: list[RankedProduct]) -> Table:
    return Table(
        headers=("#", "Product", "Score", "As of"),
        rows=[(each.rank, each.product_id, number(each.score, 3), moment(each.as_of)) for each in products],
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
