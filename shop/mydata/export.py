"""Everything that is held about who asks, as one JSON document."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from django.http import HttpRequest

from recommendations.selectors import list_for_visitor
from shop.basket.customers import customer_of
from shop.mydata.owner import Owner
from shop.orders.selectors import order_shown, orders_of
from shop.wishes.wishes import wished_ids
from tracking.events import format_timestamp
from tracking.held.events import events_of, refused_of
from tracking.held.rows import rows_of

SUGGESTIONS: Final = 24


def _orders(request: HttpRequest) -> list[dict[str, Any]]:
    customer = customer_of(request)
    shown = (order_shown(order.order_id, customer) for order in orders_of(customer))
    return [
        {
            "number": each.order.number,
            "status": each.order.status,
            "total": str(each.order.total),
            "currency": each.order.currency,
            "placedAt": format_timestamp(each.order.placed_at),
            "lines": each.order.lines,
            "timeline": [said for said, _ in each.timeline],
            "delivery": each.delivery._asdict() if each.delivery else None,
        }
        for each in shown
        if each is not None
    ]


PARTS: Final[dict[str, Callable[[HttpRequest], Any]]] = {"orders": _orders, "wishes": wished_ids}
"""What the shop itself keeps of who asks: each stage of the shop adds its own, by its name in the document."""


def export_of(owner: Owner, request: HttpRequest) -> dict[str, Any]:
    """Raises LogAwayError, DatabaseError: either all of it, or nothing."""
    return {
        "exportedAt": format_timestamp(datetime.now(UTC)),
        "visitors": owner.visitors,
        "account": _account(owner),
        "events": [held.as_json() for held in events_of(owner.visitors, opened=owner.opened)],
        "refused": refused_of(owner.visitors, opened=owner.opened),
        "suggestions": [list_for_visitor(visitor, SUGGESTIONS) for visitor in owner.visitors],
        "derived": rows_of(owner.visitors),
        **{name: part(request) for name, part in PARTS.items()},
    }


def _account(owner: Owner) -> dict[str, Any] | None:
    if owner.user is None:
        return None
    user = owner.user
    return {
        "username": user.get_username(),
        "email": user.email,
        "joinedAt": format_timestamp(user.date_joined),
        "lastLoginAt": format_timestamp(user.last_login) if user.last_login else None,
    }
