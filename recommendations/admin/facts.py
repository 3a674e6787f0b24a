"""What the model counted: histories, pairs, products, hours."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from recommendations.admin.cells import Cell, Table, link, milliseconds, moment, number
from recommendations.admin.columns import number_of
from recommendations.admin.lists import visitor_link
from recommendations.admin.pages import RecordsPage
from recommendations.admin.readonly import ReadOnlyAdmin
from recommendations.admin.trace import batch_link
from recommendations.models import Pair, ProductCount, ProductHour, VisitorEvent

RECENT: Final = timedelta(hours=1)


class HistoriesPage(RecordsPage):
    title = "Histories"
    permission_required = "recommendations.view_visitorevent"
    headers = ("Appended", "Visitor", "Event", "Product", "Weight", "In the log", "Click to computed")
    search_help = "A visitor's id"
    explanation = "The product events that the lists are made from, newest first."
    empty = "No product event in the last hour. Browse the shop, or search for a visitor."

    def records(self, search: str) -> QuerySet[VisitorEvent]:
        if search:
            return VisitorEvent.objects.filter(visitor_id=search).order_by("-position")
        return VisitorEvent.objects.filter(appended_at__gt=timezone.now() - RECENT).order_by("-appended_at")

    def row(self, record: VisitorEvent) -> Sequence[Cell]:
        return (
            moment(record.appended_at),
            visitor_link(record.visitor_id),
            record.event,
            product_link(record.product_id),
            number(record.weight, 1),
            batch_link(record.topic, record.partition, record.offset),
            milliseconds((record.computed_at - record.received_at).total_seconds() * 1000),
        )


class PairsPage(RecordsPage):
    title = "Pairs"
    permission_required = "recommendations.view_pair"
    headers = ("Product", "Looked at together with", "Weight for", "Weight against")
    search_help = "A product's id"
    explanation = (
        "How much two products were looked at together, as of the model's landmark; each pair both ways."
    )
    empty = "No two products have been looked at together yet. Look at two products in the shop."

    def records(self, search: str) -> QuerySet[Pair]:
        if search:
            return Pair.objects.filter(product_id=search).order_by("-positive", "other_id")
        return Pair.objects.order_by("product_id", "other_id")

    def row(self, record: Pair) -> Sequence[Cell]:
        return (
            product_link(record.product_id),
            product_link(record.other_id),
            number(record.positive, 3),
            number(record.negative, 3),
        )


@admin.register(ProductCount)
class ProductCountAdmin(ReadOnlyAdmin):
    list_display = (
        "product_id",
        number_of("positive", "Weight for", 3),
        number_of("negative", "Weight against", 3),
    )
    search_fields = ("product_id__startswith",)
    search_help_text = "The beginning of a product's id"
    explanation = "How much each product was looked at, as of the model's landmark; product events make them."
    ordering = ("-positive",)
    change_form_after_template = "recommendations/admin/product_hours.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        hours = ProductHour.objects.filter(product_id=object_id).order_by("-hour")[:48]
        table = Table(
            headers=("Hour", "Weight"), rows=[(moment(each.hour), number(each.weight, 1)) for each in hours]
        )
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "hours": table})


def product_link(product_id: str) -> Cell:
    return link(reverse("admin:recommendations_similarproducts_change", args=[product_id]), product_id)
