"""The live model made again from the log: compared with what is live, and put in its place."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from streaming.rebuild import ledger
from streaming.rebuild.beside import REBUILD, locked
from streaming.rebuild.catching_up import QUERY, Follower, Steps, distance
from streaming.rebuild.comparison import Difference, Pruned, compare, pruned
from streaming.rebuild.lanes import LANES, Lanes, lane_schemas
from streaming.rebuild.ledger import Account
from streaming.rebuild.log import read_batches
from streaming.rebuild.shadow import Shadow, clean_up, connect
from streaming.rebuild.tables import create_indexes, create_tables, drop_tables


@dataclass(frozen=True)
class Compared:
    """The live model and its shadow at one moment."""

    differences: list[Difference]
    account: Account
    pruned: Pruned
    records: int
    duplicates: int
    rejected: int

    @property
    def counts(self) -> list[tuple[str, int, int]]:
        """(name, in the ledger, in the log)"""
        return [
            ("events", self.account.events, self.records),
            ("duplicates", self.account.duplicates, self.duplicates),
            ("rejected", self.account.rejected, self.rejected),
        ]

    @property
    def wrong(self) -> list[str]:
        """What differs, beyond what pruning explains."""
        explained = {"pairs"} if self.pruned.pairs and self.pruned.explains else set()
        return [
            *(d.name for d in self.differences if d.unequal and d.name not in explained),
            *(name for name, live, rebuilt in self.counts if live != rebuilt),
            *(["the ledger's offsets"] if self.account.problems else []),
        ]


class Rebuild:
    """A shadow that has folded the log, on a connection of its own."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower

    def fold_log(self) -> None:
        follower = self.follower
        end = follower.live_positions(follower.connection)
        with (
            follower.steps.step("Folding the log", distance({}, end)) as advance,
            Lanes(follower.shadow) as lanes,
        ):
            for batch in read_batches(follower.topic, {}, end, LANES):
                lanes.fold(batch)
                follower.positions |= batch.ends
                advance(batch.records)
            lanes.settle()
        follower.catch_up_closely("What came meanwhile")

    def compare(self) -> Compared:
        """Both as of the moment at which Spark was held for the last records; Spark goes on while this compares."""
        connection, shadow = self.follower.connection, self.follower.shadow
        shadow.settle()
        with connect() as holder, holder.transaction():
            ledger.hold(holder, QUERY)
            self.follower.catch_up("The newest")
            shadow.follow_landmark()
            clean_up(connection, ledger.watermarks(connection, QUERY, self.follower.topic))
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            connection.execute("SELECT 1")  # from here on it sees nothing newer
        with self.follower.steps.step("Comparing", None):
            compared = Compared(
                compare(connection, shadow.schema),
                ledger.account(connection, QUERY, self.follower.topic),
                pruned(connection, shadow.schema),
                shadow.records,
                shadow.duplicates,
                shadow.rejected,
            )
        connection.execute("COMMIT")
        return compared

    def replace(self) -> float:
        """Derives the lists and takes the live model's place; returns for how many seconds Spark waited."""
        create_indexes(self.follower.connection, REBUILD)
        self.follower.derive_lists()
        return self.follower.swap(lambda _: None, use=True)


@contextmanager
def rebuilding(topic: str, steps: Steps) -> Iterator[Rebuild]:
    """An empty shadow, gone afterwards. Raises BusyModelError where another has it."""
    with connect() as connection:
        busy = "Another rebuild runs against this database: wait until it has ended."
        with locked(connection, REBUILD, busy):
            drop_tables(connection, REBUILD)  # an earlier one may have been killed
            create_tables(connection, REBUILD, use=True)
            try:
                yield Rebuild(Follower(Shadow(connection, REBUILD), topic, steps))
            finally:
                if not connection.closed:
                    connection.rollback()
                    drop_tables(connection, REBUILD)


def drop_what_was_left() -> None:
    """Drops the shadow of a rebuild that was killed; does nothing while one runs."""
    with connect() as connection, locked(connection, REBUILD, "A rebuild runs."):
        for schema in (REBUILD, *lane_schemas(REBUILD)):
            drop_tables(connection, schema)
