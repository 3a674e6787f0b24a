"""Lands each micro-batch in Postgres, in one transaction with its row in the ledger."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from pyspark.sql import DataFrame, Row

from streaming.jobs.fold import Connection, copy_events, fold, open_fold
from streaming.jobs.ledger import BatchRow, Ledger

RETRY_SECONDS = 60
"""How long a batch waits for a Postgres that went away before the query is given up."""


class Sink:
    """What `foreachBatch` calls. A batch that is in the ledger already changes nothing.

    Delivery: exactly once. The facts, the lists, who is to be told and the ledger's row commit together; the batch is
    refused where it does not begin at the offsets at which the ledger ends, or where a newer run owns the query.
    """

    def __init__(
        self,
        ledger: Ledger,
        connect: Callable[[], Connection],
        checkpoint: Path,
        start: dict[int, int],
        patience: timedelta | None = None,
    ):
        self.ledger = ledger
        self.connect = connect
        self.checkpoint = checkpoint
        self.start = start
        """For each partition the first offset of the next batch."""
        self.patience = patience
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
            copy_events(connection, (row[:-1] for row in valid))
            copy_ms = (time.perf_counter() - copied) * 1000
            folded = fold(connection, batch_id, self.ledger.topic, judge=True, patience=self.patience)
            appended = [(row.partition, datetime.fromisoformat(row.appended_at)) for row in rows]
            last_appended: dict[int, datetime] = {}
            for partition, at in appended:
                last_appended[partition] = max(at, last_appended.get(partition, at))
            self.ledger.write(
                connection,
                BatchRow(
                    batch_id=batch_id,
                    start=start,
                    end=end,
                    last_appended=last_appended,
                    first_appended_at=min((at for _, at in appended), default=None),
                    events=len(rows),
                    duplicates=folded.duplicates,
                    visitors=folded.visitors,
                    rejected=[
                        (row.partition, row.offset, row.reason) for row in rows if row.reason is not None
                    ],
                    started_at=started_at,
                    durations={
                        "read": read_ms,
                        "copy": copy_ms,
                        "fold": folded.fold_ms,
                        "lists": folded.lists_ms,
                    },
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
    open_fold(connection)
    return connection


def end_offsets(checkpoint: Path, batch_id: int, topic: str) -> dict[int, int]:
    """For each partition the offset at which the batch ends, from the offset log that Spark wrote before running it.

    The records themselves do not tell: a transaction marker takes an offset and is no record.
    """
    lines = (checkpoint / "offsets" / str(batch_id)).read_text().splitlines()
    offsets = json.loads(lines[-1])[topic]
    return {int(partition): int(offset) for partition, offset in offsets.items()}
