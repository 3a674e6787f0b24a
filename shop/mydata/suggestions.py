"""Why each suggestion is there: what of the visitor's own doing brought it, or that it is the same for everybody."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from recommendations.selectors import list_for_visitor
from recommendations.templatetags.recommendations import reason_text

SHOWN: Final = 12
OWN: Final = frozenset(["viewed", "added", "bought", "again", "recent"])
"""Kinds of reasons that come of what the visitor did; the others say what everybody does, or what the shop sets."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    item: dict[str, Any]
    why: str
    is_own: bool
    event_id: str | None
    """The visitor's newest event that moved it."""
    moved_at: datetime | None

    @property
    def share(self) -> int:
        """Its score in thousandths, as lists are ordered by it."""
        return round(1000 * float(self.item["score"]))


def suggestions_for(visitor_id: str) -> list[Suggestion]:
    """The visitor's list as the shop's pages show it, each with its reason. Raises DatabaseError."""
    return [_explained(item) for item in list_for_visitor(visitor_id, SHOWN)["items"]]


def _explained(item: dict[str, Any]) -> Suggestion:
    reason, trace = item["reason"], item["trace"]
    # Filled up from the category of the newest product it is the visitor's doing as well.
    is_own = reason["kind"] in OWN or trace is not None
    moved_at = datetime.fromisoformat(trace["occurredAt"]) if trace else None
    return Suggestion(item, reason_text(reason), is_own, trace["eventId"] if trace else None, moved_at)
