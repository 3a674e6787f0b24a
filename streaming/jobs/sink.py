"""Lands each micro-batch in Postgres, in one transaction with its row in the ledger."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from pyspark.sql import DataFrame, Row

from streaming.jobs.ledger import BatchRow, Connection, Ledger

COPY = """
    COPY batch_event (partition, "offset", appended_at, visitor_id, event_id, event, occurred_at, received_at,
                      product_ids) FROM STDIN
"""
RETRY_SECONDS = 60
"""How long a batch waits for a Postgres that went away before the query is given up."""


class Sink:
    """What `foreachBatch` calls. A batch that is in the ledger already changes nothing.

    Delivery: exactly once. The facts, the lists, who is to be told and the ledger's row commit together; the batch is
    refused where it does not begin at the offsets at which the ledger ends, or where a newer run owns the query.
    """

    def __init__(
        self, ledger: Ledger, connect: Callable[[], Connection], checkpoint: Path, start: dict[int, int]
    ):
        self.ledger = ledger
        self.connect = connect
        self.checkpoint = checkpoint
        self.start = start
        """For each partition the first offset of the next batch."""
        self.connection: Connection | None = None

    def __call__(self, events: DataFrame, batch_id: int) -> None:
        started_at = datetime.now(UTC)
        began = time.perf_counter()
        rows = events.collect()
        read_ms = (time.perf_counter() - began) * 1000
        end = end_offsets(self.checkpoint, batch_id, self.ledger.topic)
        if all(offset == self.start.get(partition, 0) for partition, offset in end.items()):
            return  # the batch with which Spark begins a run holds nothing
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            try:
                self._apply(batch_id, rows, end, started_at, read_ms)
                break
            except psycopg.OperationalError:
                # Whether the commit went through is unknown: the next try finds out from the ledger.
                self._disconnect()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
        self.start = self.start | end

    def _apply(
        self, batch_id: int, rows: list[Row], end: dict[int, int], started_at: datetime, read_ms: float
    ) -> None:
        if self.connection is None:
            self.connection = self.connect()
        connection = self.connection
        with connection.transaction():
            if self.ledger.holds(connection, batch_id):
                return
            start = {partition: self.start.get(partition, 0) for partition in end}
            self.ledger.check(connection, start)
            copied = time.perf_counter()
            valid = [row for row in rows if row.reason is None]
            with connection.cursor() as cursor, cursor.copy(COPY) as copy:
                for row in valid:
                    copy.write_row(row[:9])
            copy_ms = (time.perf_counter() - copied) * 1000
            duplicates, visitors, fold_ms, lists_ms = fold(connection, batch_id, self.ledger.topic)
            last_appended: dict[int, datetime] = {}
            for row in rows:
                last_appended[row.partition] = max(
                    row.appended_at, last_appended.get(row.partition, row.appended_at)
                )
            self.ledger.write(
                connection,
                BatchRow(
                    batch_id=batch_id,
                    start=start,
                    end=end,
                    last_appended=last_appended,
                    first_appended_at=min((row.appended_at for row in rows), default=None),
                    events=len(rows),
                    duplicates=duplicates,
                    visitors=visitors,
                    rejected=[
                        (row.partition, row.offset, row.reason) for row in rows if row.reason is not None
                    ],
                    started_at=started_at,
                    durations={"read": read_ms, "copy": copy_ms, "fold": fold_ms, "lists": lists_ms},
                ),
            )

    def _disconnect(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def open_connection(database_url: str) -> Connection:
    """A connection that is ready to fold. Times go in and out as UTC."""
    connection = psycopg.connect(
        database_url,
        autocommit=True,
        application_name="tributary-spark",
        options="-c TimeZone=UTC",
        connect_timeout=5,
    )
    connection.execute("CALL recommendations_open_fold()")
    return connection


def fold(connection: Connection, batch_id: int, topic: str) -> tuple[int, int, float, float]:
    """Folds what was copied: duplicates, visitors touched, and the milliseconds of folding and of deriving lists."""
    row: Any = connection.execute(
        "SELECT duplicates, visitors, fold_ms, lists_ms FROM recommendations_fold(%s, %s)", (batch_id, topic)
    ).fetchone()
    return int(row[0]), int(row[1]), float(row[2]), float(row[3])


def end_offsets(checkpoint: Path, batch_id: int, topic: str) -> dict[int, int]:
    """For each partition the offset at which the batch ends, from the offset log that Spark wrote before running it.

    The records themselves do not tell: a transaction marker takes an offset and is no record.
    """
    lines = (checkpoint / "offsets" / str(batch_id)).read_text().splitlines()
    offsets = json.loads(lines[-1])[topic]
    return {int(partition): int(offset) for partition, offset in offsets.items()}
