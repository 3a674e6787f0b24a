"""The list of a visitor whose newest events may not be folded yet: from Postgres, in one statement."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from django.db import connection

from recommendations.asking import COMPOSED, visitor_asked
from recommendations.selectors import MAX_SLOTS, List
from recommendations.session.pending import PendingEvent


class Composed(NamedTuple):
    content: List
    waiting: frozenset[str]
    """Ids of the events in it that are not folded yet."""


def compose(visitor_id: str, pending: Sequence[PendingEvent]) -> Composed | None:
    """The list with what is pending; None where all of it has been folded, and the stored list is the newest."""
    asked = visitor_asked(visitor_id, COMPOSED) | {"limit": MAX_SLOTS, "category": None}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT content, waiting FROM recommendations_session_list(%s, %s, %s)",
            [visitor_id, msgspec.json.encode(pending).decode(), json.dumps(asked)],
        )
        row: Any = cursor.fetchone()
    return Composed(msgspec.json.decode(row[0]), frozenset(row[1])) if row else None
