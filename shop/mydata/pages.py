"""The pages of your data: who one is to the shop, every event, and the export."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop import selectors
from shop.models import Product
from shop.mydata.export import export_of
from shop.mydata.owner import owner_of
from tracking.events import Event, EventType
from tracking.held.events import HeldEvent, events_of, refused_of
from tracking.held.log import LogAwayError

EVENTS_A_PAGE: Final = 25
PRODUCTS_NAMED: Final = 3
NAMES_OF_TYPES: Final = {
    EventType.PAGE: "Page opened",
    EventType.IDENTIFY: "Logged in",
    EventType.ALIAS: "Two of your ids joined",
    EventType.GROUP: "Group joined",
    EventType.SCREEN: "Screen opened",
}


@dataclass(frozen=True, slots=True)
class ShownEvent:
    held: HeldEvent
    name: str
    at: datetime
    about: str
    """Its products by name, else what was searched, else the page."""
    whole: str
    """All of it, as JSON."""


@require_safe
@never_cache
def events(request: HttpRequest) -> HttpResponse:
    """Every event: part of a page where htmx asks for it, else a page of its own."""
    owner = owner_of(request)
    is_part = bool(request.headers.get("HX-Request"))
    template = "shop/mydata/_events.html" if is_part else "shop/mydata/events.html"
    context: dict[str, Any] = {"departments": selectors.departments(), "owner": owner}
    try:
        held = events_of(owner.visitors, opened=owner.opened)
    except LogAwayError as error:  # htmx shows an answer only where it is a success
        return render(request, template, context | {"away": error}, status=200 if is_part else 503)
    asked = request.GET.get("event", "")
    page = Paginator(held, EVENTS_A_PAGE).get_page(page_with(held, asked) or request.GET.get("page"))
    return render(
        request,
        template,
        context
        | {
            "page": page,
            "events": shown(page.object_list),
            "asked": asked,
            "refused": refused_of(owner.visitors, opened=owner.opened) if page.number == 1 else [],
        },
    )


def page_with(held: Sequence[HeldEvent], event_id: str) -> int | None:
    """The number of the page that an event stands on."""
    places = (place for place, each in enumerate(held) if each.event.event_id == event_id)
    place = next(places, None)
    return None if place is None else 1 + place // EVENTS_A_PAGE


@require_safe
@never_cache
def export(request: HttpRequest) -> HttpResponse:
    """All of it as a file; 503 where the log cannot be read: half of it would look like all of it."""
    try:
        content = export_of(owner_of(request), request)
    except LogAwayError as error:
        context = {"departments": selectors.departments(), "away": error}
        response = render(request, "shop/mydata/events.html", context, status=503)
        response.headers["Retry-After"] = "30"
        return response
    return HttpResponse(
        json.dumps(content, indent=1, ensure_ascii=False),
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="your-data.json"'},
    )


def shown(held: Iterable[HeldEvent]) -> list[ShownEvent]:
    held = list(held)
    ids = {product for each in held for product in each.event.products}
    known = dict(Product.objects.filter(product_id__in=ids).values_list("product_id", "name"))
    return [
        ShownEvent(
            held=each,
            name=_name_of(each.event),
            at=datetime.fromisoformat(each.event.occurred_at),
            about=_about(each.event, known),
            whole=msgspec.json.format(msgspec.json.encode(each.as_json()), indent=2).decode(),
        )
        for each in held
    ]


def _name_of(event: Event) -> str:
    return event.event or NAMES_OF_TYPES.get(event.type, event.type.capitalize())


def _about(event: Event, known: Mapping[str, str]) -> str:
    if event.products:
        more = len(event.products) - PRODUCTS_NAMED
        named = ", ".join(known.get(product, product) for product in event.products[:PRODUCTS_NAMED])
        return f"{named} and {more} more" if more > 0 else named
    said = (event.properties.get(name) for name in ("query", "path", "url"))
    return str(next((value for value in said if value), ""))
