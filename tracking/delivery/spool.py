"""The durable spool: a table in Postgres that takes records when Kafka is slow or away."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from django.db import DatabaseError
from django.db.models import Max, Min

from tracking.database import in_database
from tracking.delivery.records import Record
from tracking.models import SpooledRecord

MOST_ROWS: Final = 5_000_000
PATIENCE_SECONDS: Final = 3.0


class SpoolAwayError(Exception):
    """The spool did not take the records: Postgres does not answer, or the spool is full."""


class Spool:
    """Writes in groups: what comes while a transaction runs, goes into the next one together."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Sequence[SpooledRecord], asyncio.Future[int]]] = []
        self.writing: asyncio.Task[None] | None = None
        self.is_full = False

    async def add(self, records: Iterable[Record], *, tried: frozenset[int] = frozenset()) -> int:
        """Returns when the records are committed, with the id of the first. Raises SpoolAwayError.

        `tried` holds the positions of those that Kafka may have after all.
        """
        if self.is_full:
            raise SpoolAwayError(f"The spool is full: it holds {MOST_ROWS} records.")
        rows = [
            SpooledRecord(topic=r.topic, key=r.key, value=r.value, source=r.source, tried=number in tried)
            for number, r in enumerate(records)
        ]
        written: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.waiting.append((rows, written))
        if self.writing is None or self.writing.done():
            self.writing = asyncio.get_running_loop().create_task(self._write())
        try:
            return await asyncio.wait_for(written, PATIENCE_SECONDS)
        except TimeoutError as error:
            raise SpoolAwayError("Postgres does not answer.") from error

    async def _write(self) -> None:
        while self.waiting:
            taken, self.waiting = self.waiting, []
            try:
                first = await in_database(insert, [row for rows, _ in taken for row in rows])
            except DatabaseError as error:
                for _, written in taken:
                    if not written.done():
                        written.set_exception(SpoolAwayError(str(error).strip().partition("\n")[0]))
            else:
                for _, written in taken:
                    if not written.done():
                        written.set_result(first)


def insert(rows: Sequence[SpooledRecord]) -> int:
    """Commits the rows; the id of the first."""
    return int(SpooledRecord.objects.bulk_create(rows, batch_size=2000)[0].id)


def held_visitors() -> set[str]:
    """The visitors with a record in the spool: their later events queue behind it."""
    keys = SpooledRecord.objects.filter(key__isnull=False).values_list("key", flat=True).distinct()
    return {key for key in keys if key is not None}


def ends() -> tuple[int | None, int | None]:
    """The ids of the records that wait longest and shortest."""
    found = SpooledRecord.objects.aggregate(first=Min("id"), last=Max("id"))
    return found["first"], found["last"]
