"""What the collector made of the events, counted by minute, source and event name, and written each second."""

import threading
from collections import Counter
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.db import connection

MOST_NAMES: Final = 200
"""Event names counted for one source in one minute; a sender who makes names up shares one row beyond."""
OTHERS: Final = "(other)"
UNKNOWN: Final = "(unknown key)"

OUTCOMES: Final = (
    "accepted",
    "spooled",
    "tried",
    "resent",
    "erased",
    "bots",
    "rejected",
    "dropped",
    "without_consent",
)
MOST_MINUTES: Final = 1000
"""Minutes and sources whose names are remembered: events that waited belong to earlier minutes."""

Row = tuple[datetime, str, str]


class Counts:
    """Counts of this process that are not written yet. A process that is killed loses its last second's."""

    def __init__(self) -> None:
        self.waiting: Counter[tuple[Row, str]] = Counter()
        self.names: dict[tuple[datetime, str], set[str]] = {}
        self.lock = threading.Lock()

    def add(
        self, source: str, event: str, outcome: str, number: int = 1, *, at: datetime | None = None
    ) -> None:
        """Counts `number` events of a source as one of `OUTCOMES`, in the minute in which they were received (now)."""
        minute = (at or datetime.now(UTC)).replace(second=0, microsecond=0)
        with self.lock:
            names = self.names.get((minute, source))
            if names is None:
                if len(self.names) >= MOST_MINUTES:
                    del self.names[min(self.names)]
                names = self.names[minute, source] = set()
            if event not in names:
                if len(names) >= MOST_NAMES:
                    event = OTHERS
                names.add(event)
            self.waiting[(minute, source, event), outcome] += number

    def take(self) -> Counter[tuple[Row, str]]:
        with self.lock:
            taken, self.waiting = self.waiting, Counter()
        return taken

    def put_back(self, taken: Counter[tuple[Row, str]]) -> None:
        with self.lock:
            self.waiting.update(taken)


counts = Counts()


def say_counted(run: UUID, *, ended: bool = False) -> None:
    """The process `run` has no counts that are not written, and will have none where it has `ended`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tracking_collectorrun AS known (id, counted_at, ended_at) "
            "VALUES (%(id)s, clock_timestamp(), CASE WHEN %(ended)s THEN clock_timestamp() END) "
            "ON CONFLICT (id) DO UPDATE SET counted_at = excluded.counted_at, ended_at = excluded.ended_at",
            {"id": run, "ended": ended},
        )


def write(taken: Counter[tuple[Row, str]]) -> None:
    """Adds the counts to their rows, and says of each source that it was seen. Raises DatabaseError."""
    if not taken:
        return
    rows: dict[Row, dict[str, int]] = {}
    for (row, outcome), number in taken.items():
        rows.setdefault(row, dict.fromkeys(OUTCOMES, 0))[outcome] += number
    columns = ", ".join(OUTCOMES)
    added = ", ".join(f"{outcome} = known.{outcome} + excluded.{outcome}" for outcome in OUTCOMES)
    values = ", ".join(["%s"] * (3 + len(OUTCOMES)))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO tracking_collectedminute AS known (minute, source, event, {columns}) "  # noqa: S608
            f"VALUES ({values}) ON CONFLICT (minute, source, event) DO UPDATE SET {added}",
            [(*row, *numbers.values()) for row, numbers in sorted(rows.items())],
        )
        cursor.execute(
            "UPDATE tracking_writekey SET last_seen_at = now() WHERE name = ANY(%s)",
            [sorted({source for _, source, _ in rows})],
        )
