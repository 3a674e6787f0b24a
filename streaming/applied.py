"""Whether what was applied has no hole: each batch's ranges hold as many records as it counted, end to end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

BY_STEP: Final = """
    SELECT b.query_id, date_bin(%s, b.committed_at, timestamptz 'epoch') AS step_at,
           sum(r.records), sum(b.events), sum(b.duplicates), sum(b.rejected),
           sum(abs(r.records - b.events))
    FROM streaming_batch b
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(upper(offsets) - lower(offsets)), 0) AS records
        FROM streaming_batchrange WHERE batch_id = b.id
    ) r
    WHERE b.committed_at >= %s GROUP BY b.query_id, step_at ORDER BY step_at DESC, b.query_id
"""
HOLES: Final = """
    WITH applied AS (
        SELECT r.query_id, r.topic, r.partition, lower(r.offsets) AS first, upper(r.offsets) AS next, b.committed_at
        FROM streaming_batchrange r JOIN streaming_batch b ON b.id = r.batch_id WHERE b.committed_at >= %s
        UNION ALL
        SELECT query_id, topic, partition, "offset", "offset", now() FROM streaming_position
    ), in_order AS (
        SELECT *, lag(next) OVER (PARTITION BY query_id, topic, partition ORDER BY first, next) AS expected FROM applied
    )
    SELECT query_id, topic, partition, expected, first, committed_at FROM in_order
    WHERE first <> expected ORDER BY committed_at DESC, topic, partition LIMIT 100
"""


@dataclass(frozen=True, slots=True)
class Applied:
    """What a query's batches of one step did, in records."""

    query: str
    at: datetime
    records: int
    """Of the topic, by their offsets."""
    events: int
    """As the batches counted them: processed, duplicate and rejected."""
    duplicates: int
    rejected: int
    wrong: int
    """By how many their offsets and their counts differ."""

    @property
    def processed(self) -> int:
        return self.events - self.duplicates - self.rejected


@dataclass(frozen=True, slots=True)
class Hole:
    """Records of a partition that no batch applied, though later ones were; where `first` < `expected`, twice."""

    query: str
    topic: str
    partition: int
    expected: int
    first: int
    before: datetime
    """When the batch that begins behind the hole was committed."""


def applied_since(since: datetime, step: timedelta) -> list[Applied]:
    """Newest first. Batches that were merged stand where the newest of them was committed."""
    asked: list[Any] = [step, since]
    with connection.cursor() as cursor:
        cursor.execute(BY_STEP, asked)
        return [Applied(query, at, *map(int, counts)) for query, at, *counts in cursor.fetchall()]


def holes_since(since: datetime) -> list[Hole]:
    """The newest hundred, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(HOLES, [since])
        return [Hole(*row) for row in cursor.fetchall()]
