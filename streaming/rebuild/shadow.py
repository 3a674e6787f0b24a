"""A model in a schema of its own, folded from the log by the same SQL functions as the live one."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import psycopg
from django.conf import settings

from streaming.jobs.fold import Connection, copy_lines, fold, open_fold
from streaming.rebuild.decoding import Batch
from streaming.rebuild.putting_aside import add_up, is_putting_aside, settle
from streaming.rebuild.tables import LIVE, use

REBUILT: Final = -1
"""Stands for the number of the batch where Spark's batches were not those that folded it."""
FORGETTING: Final = timedelta(days=1)
OPTIONS: Final = {
    "TimeZone": "UTC",
    "jit": "off",
    "synchronous_commit": "off",
    "client_connection_check_interval": "1000",
    "work_mem": "64MB",  # a batch's sorts and temporary tables stay in memory
    "temp_buffers": "64MB",
}
BATCHES_PUT_ASIDE: Final = 50
"""Of which pairs are added up together: some hundred megabytes."""


class Shadow:
    """The schema's model on a connection of its own, and what has been folded into it here."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self.connection = connection
        self.schema = schema
        self.records = 0
        self.duplicates = 0
        self.rejected = 0
        self.watermarks: dict[int, datetime] = {}
        self.cleaned: datetime | None = None
        self.puts_aside = is_putting_aside(connection, schema)
        self.batches = 0
        use(connection, schema)
        open_fold(connection)

    def fold(self, batch: Batch, *, lists: bool = False) -> None:
        """Folds a batch within the caller's transaction; with `lists` also those that it touched."""
        copy_lines(self.connection, *batch.rows)
        folded = fold(self.connection, REBUILT, batch.topic, derive_lists=lists)
        self.took(batch, folded.duplicates)

    def took(self, batch: Batch, duplicates: int) -> None:
        """Remembers that the batch was folded."""
        self.records += batch.records
        self.rejected += batch.rejected
        self.duplicates += duplicates
        for partition, appended_at in batch.appended.items():
            self.watermarks[partition] = max(appended_at, self.watermarks.get(partition, appended_at))

    def keep_small(self) -> None:
        """Between two folds: adds up what was put aside, and forgets what the live model has forgotten."""
        self.batches += 1
        if self.puts_aside and self.batches % BATCHES_PUT_ASIDE == 0:
            add_up(self.connection, self.schema)
        if marks := self.forgotten():
            clean_up(self.connection, marks)

    def settle(self) -> None:
        """Before anything reads pairs."""
        if self.puts_aside:
            settle(self.connection, self.schema)
            self.puts_aside = False

    def forgotten(self) -> dict[int, datetime] | None:
        """Once for each day of the log: up to where the live model had read when it forgot what was too old."""
        newest = max(self.watermarks.values(), default=None)
        if newest is None or (self.cleaned and newest < self.cleaned + FORGETTING):
            return None
        is_first, self.cleaned = self.cleaned is None, newest
        return None if is_first else self.watermarks

    def follow_landmark(self) -> None:
        """Stores the weights as of the live model's landmark, where that was moved meanwhile."""
        self.connection.execute(
            f"SELECT recommendations_store_as_of(landmark) FROM {LIVE}.recommendations_parameters"  # noqa: S608
        )


def clean_up(connection: Connection, watermarks: Mapping[int, datetime | None]) -> None:
    """Forgets what is too old for a log that was read up to there, so that the model stays small."""
    marks = {partition: at.isoformat() for partition, at in watermarks.items() if at is not None}
    connection.execute("SELECT recommendations_clean_up(%s::jsonb)", (json.dumps(marks),))


def connect() -> Connection:
    """A connection to fold with. Its commits are not waited for: a crash loses the newest of them, whole, in order."""
    return psycopg.connect(
        settings.DATABASE_URL,
        autocommit=True,
        application_name="tributary-rebuild",
        options=" ".join(f"-c {name}={value}" for name, value in OPTIONS.items()),
    )
