"""Waiting until Spark has applied what was sent, as its ledger says."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from django.conf import settings

from streaming.models import Position, Query
from tracking.events import ACTIVITY

QUERY: Final = "activity"
LOOK_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 60.0
"""How long the ledger may stand still before waiting is given up."""


class NotAppliedError(Exception):
    """Spark does not get on. The events are in the log, and are applied once it does."""


def wait_until_applied(ends: Mapping[int, int], advance: Callable[[int], None] = lambda _: None) -> None:
    """Returns once the ledger has every partition up to its offset. `advance` is told of each step, in records.

    Raises NotAppliedError.
    """
    waiting = _waiting(ends)
    moved_at = time.monotonic()
    while waiting:
        time.sleep(LOOK_SECONDS)
        left = _waiting(ends)
        if left < waiting:
            advance(waiting - left)
            waiting, moved_at = left, time.monotonic()
        elif time.monotonic() > moved_at + PATIENCE_SECONDS:
            query = Query.objects.filter(name=QUERY).first()
            error = f" Its last error: {query.error}" if query and query.error else ""
            raise NotAppliedError(
                f"Spark has applied nothing for {PATIENCE_SECONDS:g} s; {waiting:,} records wait for it in the log. "
                f"See that it runs (`make status`): it goes on where it was.{error}"
            )


def _waiting(ends: Mapping[int, int]) -> int:
    topic = settings.KAFKA_TOPIC_PREFIX + ACTIVITY
    positions = dict(Position.objects.filter(query_id=QUERY, topic=topic).values_list("partition", "offset"))
    return sum(max(0, end - positions.get(partition, 0)) for partition, end in ends.items())
