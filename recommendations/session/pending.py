"""The visitors' newest events, until Spark has folded them."""

import time
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

MOST_EVENTS: Final = 20_000
"""Of all visitors; beyond, those who were quiet for longest are left to Spark."""
MOST_OF_A_VISITOR: Final = 50
"""As many as a history keeps."""
WAIT_SECONDS: Final = 10.0
"""How long events wait for a page to open."""

PendingEvent = dict[str, Any]
"""As recommendations/sql/session.sql takes it."""


@dataclass(slots=True)
class _Kept:
    until: float
    events: dict[str, PendingEvent] = field(default_factory=dict)


class Pending:
    """Bounded, and by each visitor in the order of the log. What it loses comes with Spark's batch."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._events = 0

    def __len__(self) -> int:
        return self._events

    def add(self, visitor_id: str, event: PendingEvent) -> bool:
        """False where the event is known already."""
        kept = self._kept.setdefault(visitor_id, _Kept(0.0))
        kept.until = max(kept.until, time.monotonic() + WAIT_SECONDS)
        if event["eventId"] in kept.events:
            return False
        kept.events[event["eventId"]] = event
        self._kept.move_to_end(visitor_id)
        self._events += 1
        if len(kept.events) > MOST_OF_A_VISITOR:
            kept.events.pop(next(iter(kept.events)))
            self._events -= 1
        while self._events > MOST_EVENTS:
            self.forget(next(iter(self._kept)))
        return True

    def of(self, visitor_id: str) -> list[PendingEvent]:
        kept = self._kept.get(visitor_id)
        return list(kept.events.values()) if kept else []

    def settle(self, visitor_id: str, asked: Iterable[str], waiting: Collection[str]) -> None:
        """Of the events asked about, only those `waiting` are not folded; the others are let go."""
        kept = self._kept.get(visitor_id)
        if kept is None:
            return
        for event_id in set(asked).difference(waiting):
            if kept.events.pop(event_id, None) is not None:
                self._events -= 1
        if not kept.events:
            del self._kept[visitor_id]

    def forget(self, visitor_id: str) -> None:
        kept = self._kept.pop(visitor_id, None)
        self._events -= len(kept.events) if kept else 0

    def overdue(self) -> list[str]:
        """Those whose events have waited for so long that only an open page is a reason to keep them."""
        now = time.monotonic()
        return [visitor_id for visitor_id, kept in self._kept.items() if kept.until < now]

    def keep(self, visitor_id: str, seconds: float) -> None:
        """The visitor has a page open."""
        if kept := self._kept.get(visitor_id):
            kept.until = time.monotonic() + seconds
