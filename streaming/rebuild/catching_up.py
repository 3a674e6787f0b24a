"""A shadow is brought to where the live model is, and takes its place."""

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from itertools import chain
from typing import Final, Protocol

import psycopg

from streaming.jobs.fold import Connection
from streaming.jobs.ledger import Ledger
from streaming.rebuild import ledger
from streaming.rebuild.decoding import Batch, Decoder
from streaming.rebuild.lists import (
    derive_similar_at_once,
    derive_visitor_lists,
    keep_empty_lists,
    keep_traces,
)
from streaming.rebuild.log import BATCH_RECORDS, read_batches, read_log
from streaming.rebuild.shadow import Shadow, connect
from streaming.rebuild.tables import LIVE, exchange, use

QUERY: Final = "activity"
FEW_RECORDS: Final = BATCH_RECORDS // 4
"""So many may be left for the step for which Spark waits."""
LOCK_TIMEOUT: Final = "300ms"
"""How long readers may queue behind a swap that waits for one of them: below Postgres' deadlock_timeout."""
TRIES: Final = 40
NEWEST: Final = timedelta(days=1)
"""Histories this new keep which batch of Spark folded them: nobody asks that of older ones."""


class BusyError(Exception):
    """Some reader holds a table of the model for so long that it could not be exchanged."""


class Steps(Protocol):
    """Whoever watches: told of each step before it begins, and of how far it is."""

    def step(self, description: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]: ...


class Unwatched:
    @contextmanager
    def step(self, description: str, total: int | None) -> Iterator[Callable[[int], None]]:
        yield lambda _: None


Offsets = Mapping[int, int]
Landed = Callable[[Batch], None]
"""Called in the transaction of each fold, after it."""


class Follower:
    """Folds the log into a shadow up to where the ledger says that the live model is."""

    def __init__(self, shadow: Shadow, topic: str, steps: Steps, positions: Offsets | None = None) -> None:
        self.shadow = shadow
        self.connection = shadow.connection
        self.topic = topic
        self.steps = steps
        self.positions = dict(positions or {})
        self.landed: Landed = lambda _: None

    def live_positions(self, connection: Connection) -> dict[int, int]:
        return Ledger(QUERY, self.topic, checkpoint="").positions(connection)

    def catch_up(self, description: str, *, lists: bool = False, until: float = math.inf) -> int:
        """Folds what the live model has and the shadow has not; returns how many records that were.

        It ends after the batch in which time.monotonic() passes `until`.
        """
        end = self.live_positions(self.connection)
        records = 0
        with self.steps.step(description, distance(self.positions, end)) as advance:
            for batch in read_batches(self.topic, self.positions, end):
                with self.connection.transaction():
                    self.shadow.fold(batch, lists=lists)
                    self.landed(batch)
                self.positions |= batch.ends
                self.shadow.keep_small()
                records += batch.records
                advance(batch.records)
                if time.monotonic() > until:
                    break
        return records

    def catch_up_closely(self, description: str, *, lists: bool = False) -> None:
        """Until so little is left that Spark can wait for it."""
        while self.catch_up(description, lists=lists) > FEW_RECORDS:
            pass

    def catch_up_at_once(self, *, lists: bool = False) -> None:
        """What is left, in the caller's transaction, in which the query is held: one batch."""
        end = self.live_positions(self.connection)
        messages = list(chain.from_iterable(read_log(self.topic, self.positions, end)))
        if messages:
            batch = Decoder().batch(self.topic, messages)
            self.shadow.fold(batch, lists=lists)
            self.landed(batch)
            self.positions |= batch.ends

    def derive_lists(self) -> None:
        """The lists of the model, while the live one goes on; those of visitors who were quiet wait."""
        keep_traces(self.connection, NEWEST)
        counts = self.connection.execute(
            "SELECT (SELECT count(*) FROM recommendations_productcount),"
            " (SELECT count(DISTINCT visitor_id) FROM recommendations_visitorevent)"
        ).fetchone()
        assert counts is not None
        with self.steps.step("Similar products", counts[0]) as advance, connect() as another:
            use(another, self.shadow.schema)
            derive_similar_at_once((self.connection, another), advance)
        with self.steps.step("Visitors' lists", counts[1]) as advance:
            for done in derive_visitor_lists(self.connection, NEWEST):
                advance(done)

    def swap(self, beside: Callable[[Connection], None], *, use: bool) -> float:
        """Takes the live model's place, and leaves it in the schema; returns for how many seconds Spark waited.

        With `use` that of what became of the lists, too. `beside` writes what is to be true from the same moment on.
        One transaction: whoever dies before its end has changed nothing. Raises BusyError, and LogUnreadableError.
        """
        began = time.monotonic()
        for _ in range(TRIES):
            self.catch_up_closely("What came meanwhile", lists=True)
            caught_up = self.positions.copy()
            try:
                with self.connection.transaction():
                    ledger.hold(self.connection, QUERY)
                    held = time.monotonic()
                    self.catch_up_at_once(lists=True)
                    keep_empty_lists(self.connection)
                    keep_traces(self.connection, timedelta(seconds=time.monotonic() - began + 60))
                    self.connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                    self.connection.execute(
                        "SELECT pg_advisory_xact_lock(hashtext('recommendations_fold'), hashtext(%s))",
                        (LIVE,),
                    )
                    exchange(self.connection, self.shadow.schema, use=use)
                    beside(self.connection)
                    self.connection.execute("SET LOCAL synchronous_commit = on")
                return time.monotonic() - held
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                self.positions = caught_up
                time.sleep(random.uniform(0.2, 1))  # noqa: S311
        raise BusyError(
            "Somebody reads the model's tables for too long, so that they could not be exchanged; nothing has changed. "
            "See pg_stat_activity for transactions that are minutes old (a dump, a report), and try again."
        )


def distance(start: Offsets, end: Offsets) -> int:
    """How many offsets lie between the positions."""
    return sum(max(offset - start.get(p, 0), 0) for p, offset in end.items())
