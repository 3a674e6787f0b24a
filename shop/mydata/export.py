"""Everything that is held about who asks, as one JSON document."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from recommendations.selectors import list_for_visitor
from shop.mydata.owner import Owner
from tracking.events import format_timestamp
from tracking.held.events import events_of, refused_of
from tracking.held.rows import rows_of

SUGGESTIONS: Final = 24

Part = Callable[[Owner], Any]
PARTS: Final[dict[str, Part]] = {}
"""What the shop itself keeps by user: each stage of the shop adds its own, by the name that it has in the document."""


def export_of(owner: Owner) -> dict[str, Any]:
    """Raises LogAwayError, DatabaseError: either all of it, or nothing."""
    return {
        "exportedAt": format_timestamp(datetime.now(UTC)),
        "visitors": owner.visitors,
        "account": _account(owner),
        "events": [held.as_json() for held in events_of(owner.visitors, opened=owner.opened)],
        "refused": refused_of(owner.visitors, opened=owner.opened),
        "suggestions": [list_for_visitor(visitor, SUGGESTIONS) for visitor in owner.visitors],
        "derived": rows_of(owner.visitors),
        **{name: part(owner) for name, part in PARTS.items()},
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
