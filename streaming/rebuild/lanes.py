"""A log folded by several connections at once, each with the visitors of its lane.

What belongs to one visitor stands in the model's own tables: no two lanes write the same row. What is summed over
visitors stands in a schema of the lane's own, where no other lane has to be waited for, and is added up at the end.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Final, TypeVar

from psycopg import sql

from streaming.jobs.fold import Connection, copy_lines, fold, open_fold
from streaming.rebuild.decoding import Batch
from streaming.rebuild.putting_aside import (
    MEMORY,
    PAIRS,
    add_share,
    drop_key,
    empty,
    has_pairs,
    put_aside,
)
from streaming.rebuild.shadow import BATCHES_PUT_ASIDE, REBUILT, Shadow, clean_up, connect
from streaming.rebuild.tables import SUMS, create_like_live, drop_tables, use

LANES: Final = 2
"""Connections: Postgres works on each with one processor at most."""
UNMOVED: Final = """
    CREATE FUNCTION {} (moment timestamptz, most float8) RETURNS boolean LANGUAGE sql AS 'SELECT false'
"""
"""The weights of all lanes are stored as of one landmark."""
ADD_TOTALS: Final = """
    INSERT INTO {table} ({keys}, {sums})
    SELECT {keys}, {totals} FROM ({parts}) part GROUP BY {keys} ORDER BY {keys}
"""
TOTALS: Final = tuple(table for table in SUMS if table != PAIRS)

Done = TypeVar("Done")


def lane_schemas(schema: str, count: int = LANES) -> list[str]:
    """Where the lanes of a shadow keep their sums."""
    return [f"{schema}_lane_{number}" for number in range(count)]


@dataclass(frozen=True)
class Lane:
    connection: Connection
    number: int
    schema: str

    def fold(self, rows: bytes, topic: str) -> int:
        """Folds the lane's part of a batch; returns how many duplicates it held."""
        with self.connection.transaction():
            copy_lines(self.connection, rows)
            return fold(self.connection, REBUILT, topic, derive_lists=False).duplicates


class Lanes:
    """Folds into the empty tables of a shadow, which nobody else uses until the lanes are left."""

    def __init__(self, shadow: Shadow, count: int = LANES) -> None:
        self.shadow = shadow
        self.schemas = lane_schemas(shadow.schema, count)
        self.batches = 0
        self._opened = ExitStack()

    def __enter__(self) -> "Lanes":
        with self._opened:
            self.shadow.connection.execute(
                "SELECT recommendations_move_landmark(now(), power(2::float8, 300))"
            )
            self.lanes = [self._open(number, schema) for number, schema in enumerate(self.schemas)]
            self.threads = self._opened.enter_context(ThreadPoolExecutor(len(self.lanes), "lane"))
            self._opened = self._opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()
        if not self.shadow.connection.closed:
            for schema in self.schemas:
                drop_tables(self.shadow.connection, schema)

    def _open(self, number: int, schema: str) -> Lane:
        connection = self._opened.enter_context(connect())
        drop_tables(connection, schema)
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        # Whatever ends the connection ends the rebuild: nothing of a lane is read after a crash.
        create_like_live(connection, schema, TOTALS, "UNLOGGED TABLE")
        put_aside(connection, schema, "UNLOGGED TABLE")
        connection.execute(sql.SQL(UNMOVED).format(sql.Identifier(schema, "recommendations_move_landmark")))
        connection.execute(MEMORY)
        use(connection, schema, self.shadow.schema)
        open_fold(connection)
        return Lane(connection, number, schema)

    def fold(self, batch: Batch) -> None:
        """Folds a batch that was decoded for as many lanes, and keeps what it leaves behind small."""
        duplicates = self._each(lambda lane: lane.fold(batch.rows[lane.number], batch.topic))
        self.shadow.took(batch, sum(duplicates))
        self.batches += 1
        if self.batches % BATCHES_PUT_ASIDE == 0:
            self._run(self._add_pairs())
        if marks := self.shadow.forgotten():
            for lane in self.lanes:
                clean_up(lane.connection, marks)

    def settle(self) -> None:
        """Adds up what the lanes summed: from here on the shadow holds all that was folded."""
        self._run([*self._add_pairs(), *map(self._totals, TOTALS)])

    def _each(self, work: Callable[[Lane], Done]) -> list[Done]:
        return list(self.threads.map(work, self.lanes))

    def _run(self, statements: Iterable[sql.Composed]) -> None:
        """Each by whichever lane is free."""
        waiting: SimpleQueue[sql.Composed] = SimpleQueue()
        for statement in statements:
            waiting.put(statement)

        def work(lane: Lane) -> None:
            with suppress(Empty):
                while True:
                    lane.connection.execute(waiting.get_nowait())

        self._each(work)

    def _add_pairs(self) -> list[sql.Composed]:
        """Returns what is still to be run: where these are the first pairs, their index is made after them."""
        connection, schema = self.shadow.connection, self.shadow.schema
        are_first = not has_pairs(connection, schema)
        key = [drop_key(connection, schema)] if are_first else []
        self._each(
            lambda lane: add_share(
                lane.connection,
                schema,
                self.schemas,
                are_first=are_first,
                share=lane.number,
                shares=len(self.lanes),
            )
        )
        for aside in self.schemas:
            empty(connection, aside)
        return key

    def _totals(self, table: str) -> sql.Composed:
        keys, sums = SUMS[table]
        parts = (sql.SQL("SELECT * FROM {}").format(sql.Identifier(s, table)) for s in self.schemas)
        return sql.SQL(ADD_TOTALS).format(
            table=sql.Identifier(self.shadow.schema, table),
            keys=sql.SQL(", ").join(map(sql.Identifier, keys)),
            sums=sql.SQL(", ").join(map(sql.Identifier, sums)),
            totals=sql.SQL(", ").join(sql.SQL("sum({})").format(sql.Identifier(s)) for s in sums),
            parts=sql.SQL(" UNION ALL ").join(parts),
        )
