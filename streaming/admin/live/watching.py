"""One watcher of the live view: what it asks for, and what waits to be sent to it."""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from streaming.admin.live.arrivals import Arrival, summary

MAX_EVENTS: Final = 50
"""Of one message to the browser; what comes faster than it is sent is counted and left out, the oldest first."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Empty fields let everything pass."""

    visitor: str = ""
    """The beginning of a visitor's id."""
    event: str = ""
    """A part of the event's name, in any case."""
    source: str = ""
    kind: str = ""

    def passes(self, arrival: Arrival) -> bool:
        return (
            arrival.visitor_id.startswith(self.visitor)
            and self.event.lower() in arrival.name.lower()
            and (not self.source or arrival.source == self.source)
            and (not self.kind or arrival.kind == self.kind)
        )


def filter_of(content: Any) -> Filter:
    """The filter that a page asks for; what is no text counts as left empty."""
    given = content if isinstance(content, dict) else {}
    fields = {name: given.get(name) for name in Filter.__dataclass_fields__}
    return Filter(**{name: value.strip()[:200] for name, value in fields.items() if isinstance(value, str)})


@dataclass(eq=False)
class Watcher:
    """Filled by the reader's thread, emptied by the socket's task."""

    filter: Filter = field(default_factory=Filter)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Arrival] = deque(maxlen=MAX_EVENTS)
        self._skipped = self._unread = 0
        self._state: tuple[str, str] | None = None

    def offer(self, arrivals: list[Arrival]) -> None:
        with self._lock:
            passing = [each for each in arrivals if self.filter.passes(each)]
            self._skipped += max(0, len(self._waiting) + len(passing) - MAX_EVENTS)
            self._waiting.extend(passing)

    def skip(self, records: int) -> None:
        """So many records were passed over unread: nobody knows whether the filter would have let them pass."""
        with self._lock:
            self._unread += records

    def tell(self, state: str, detail: str = "") -> None:
        with self._lock:
            self._state = (state, detail)

    def watch(self, wanted: Filter) -> None:
        """From now on only what passes; what waited for the filter before is dropped."""
        with self._lock:
            self.filter = wanted
            self._waiting.clear()
            self._skipped = 0

    def take(self) -> list[dict[str, Any]]:
        """The messages to send now: how the reading goes, where that changed, and what has come."""
        with self._lock:
            state, self._state = self._state, None
            events = [summary(arrival) for arrival in self._waiting]
            skipped, unread = self._skipped, self._unread
            self._waiting.clear()
            self._skipped = self._unread = 0
        messages: list[dict[str, Any]] = []
        if state is not None:
            messages.append({"type": "state", "state": state[0], "detail": state[1]})
        if events or unread:
            messages.append({"type": "events", "events": events, "skipped": skipped, "unread": unread})
        return messages
