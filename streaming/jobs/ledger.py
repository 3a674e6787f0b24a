"""What has been applied, as Postgres says: the one truth from which a run starts and against which each batch is held.

Spark's own checkpoint is thrown away at each start: a run reads its positions here. So it may be lost, rolled back or
restarted at batch 0, and no offset is skipped or repeated.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psutil
from psycopg.types.json import Jsonb
from psycopg.types.range import Int8Range

from streaming.jobs.fold import Connection

Offsets = Mapping[int, int]
"""For each partition the next offset."""


class SupersededError(Exception):
    """A newer driver owns the query: this one must end, and what it was about to write is rolled back."""


class OffsetGapError(Exception):
    """A batch does not begin where the ledger ends: applying it would skip or repeat events."""


@dataclass(frozen=True, kw_only=True)
class BatchRow:
    """What the ledger tells of one batch; times in UTC, durations in milliseconds."""

    batch_id: int
    start: Offsets
    end: Offsets
    last_appended: Mapping[int, datetime]
    """For each partition that has events in the batch, when the newest was appended."""
    first_appended_at: datetime | None
    events: int
    duplicates: int
    visitors: int
    rejected: list[tuple[int, int, str]]
    """(partition, offset, reason) of each record that is no event."""
    started_at: datetime
    durations: dict[str, float]


class Ledger:
    """One query's rows, seen from one run. Each method works within the caller's transaction."""

    def __init__(self, query: str, topic: str, checkpoint: str) -> None:
        self.query = query
        self.topic = topic
        self.checkpoint = checkpoint

    def is_held(self, connection: Connection) -> bool:
        """Whether another run is at work: it was seen a moment ago, and is no dead process of this host."""
        row = connection.execute(
            "SELECT host, pid, seen_at > now() - interval '10 seconds' FROM streaming_query"
            " WHERE name = %s AND checkpoint <> %s",
            (self.query, self.checkpoint),
        ).fetchone()
        if row is None:
            return False
        host, pid, seen = row
        return bool(seen) and (host != socket.gethostname() or psutil.pid_exists(pid))

    def claim(self, connection: Connection) -> None:
        """Makes this run the owner of the query. Batches of the run before are refused from here on."""
        connection.execute(
            """
            INSERT INTO streaming_query (name, checkpoint, host, pid, started_at, seen_at, error)
            VALUES (%s, %s, %s, %s, now(), now(), '')
            ON CONFLICT (name) DO UPDATE SET checkpoint = excluded.checkpoint, host = excluded.host,
                pid = excluded.pid, started_at = excluded.started_at, seen_at = excluded.seen_at
            """,
            (self.query, self.checkpoint, socket.gethostname(), os.getpid()),
        )

    def report(self, connection: Connection, error: str = "") -> None:
        """Says that the run is alive, or why it ended. An error stands until a batch lands."""
        connection.execute(
            "UPDATE streaming_query SET seen_at = now(), error = coalesce(nullif(%s, ''), error)"
            " WHERE name = %s AND checkpoint = %s",
            (error, self.query, self.checkpoint),
        )

    def positions(self, connection: Connection) -> dict[int, int]:
        """For each partition the next offset to read; a partition that was never read is left out."""
        rows = connection.execute(
            'SELECT partition, "offset" FROM streaming_position WHERE query_id = %s AND topic = %s',
            (self.query, self.topic),
        )
        return {int(partition): int(offset) for partition, offset in rows}

    def holds(self, connection: Connection, batch_id: int) -> bool:
        """Whether the batch is in the ledger. Locks the query: until the transaction ends, nobody else writes.

        Raises SupersededError where another run owns the query.
        """
        owner = connection.execute(
            "SELECT checkpoint FROM streaming_query WHERE name = %s FOR UPDATE", (self.query,)
        ).fetchone()
        if owner is None or owner[0] != self.checkpoint:
            raise SupersededError(
                f"The query {self.query} is owned by the run {owner[0] if owner else None}, not by {self.checkpoint}."
            )
        found = connection.execute(
            "SELECT 1 FROM streaming_batch WHERE query_id = %s AND checkpoint = %s AND batch_id = %s",
            (self.query, self.checkpoint, batch_id),
        )
        return found.fetchone() is not None

    def check(self, connection: Connection, start: Offsets) -> None:
        """Raises OffsetGapError unless the batch begins exactly where the ledger ends."""
        known = self.positions(connection)
        wrong = {p: (offset, known.get(p, 0)) for p, offset in start.items() if offset != known.get(p, 0)}
        if wrong:
            raise OffsetGapError(
                f"The batch begins elsewhere than the ledger of {self.query} ends: "
                + ", ".join(
                    f"partition {p}: {start} instead of {end}" for p, (start, end) in sorted(wrong.items())
                )
            )

    def write(self, connection: Connection, row: BatchRow) -> None:
        """Writes the batch's row, its offset ranges, its rejected records and the new positions."""
        written = connection.execute(
            """
            INSERT INTO streaming_batch (query_id, checkpoint, batch_id, events, duplicates, rejected, visitors,
                first_appended_at, last_appended_at, started_at, committed_at, durations)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp(), %s) RETURNING id
            """,
            (
                self.query,
                self.checkpoint,
                row.batch_id,
                row.events,
                row.duplicates,
                len(row.rejected),
                row.visitors,
                row.first_appended_at,
                max(row.last_appended.values(), default=None),
                row.started_at,
                Jsonb(row.durations),
            ),
        ).fetchone()
        assert written is not None
        connection.execute(
            "UPDATE streaming_query SET error = '' WHERE name = %s AND error <> ''", (self.query,)
        )
        moved = sorted(p for p, end in row.end.items() if end > row.start.get(p, 0))
        with connection.cursor() as cursor:
            cursor.executemany(
                """
                INSERT INTO streaming_batchrange (batch_id, query_id, topic, partition, offsets)
                VALUES (%s, %s, %s, %s, %s)
                """,
                [
                    (written[0], self.query, self.topic, p, Int8Range(row.start.get(p, 0), row.end[p]))
                    for p in moved
                ],
            )
            cursor.executemany(
                """
                INSERT INTO streaming_position AS known (query_id, topic, partition, "offset", appended_at)
                VALUES (%s, %s, %s, %s, %s)
                ON CONFLICT (query_id, topic, partition) DO UPDATE SET "offset" = excluded."offset",
                    appended_at = greatest(known.appended_at, excluded.appended_at)
                """,
                [(self.query, self.topic, p, row.end[p], row.last_appended.get(p)) for p in moved],
            )
            if row.rejected:
                cursor.executemany(
                    """
                    INSERT INTO streaming_rejectedrecord (batch_id, topic, partition, "offset", reason)
                    VALUES (%s, %s, %s, %s, %s)
                    """,
                    [(written[0], self.topic, *rejected) for rejected in row.rejected],
                )
