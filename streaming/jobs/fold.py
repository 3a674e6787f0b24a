"""The call of the model's fold: what Spark's sink and a rebuild have in common. No Spark, no Django."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]

COPY = """
    COPY batch_event (partition, "offset", appended_at, visitor_id, event_id, event, occurred_at, received_at,
                      product_ids, person_id, source, left_out, origin, list_id, positions) FROM STDIN
"""
"""A row without an event's id is a tombstone: at that place of the log its visitor was erased."""


class Folded(NamedTuple):
    """What a fold tells the ledger; times in milliseconds."""

    duplicates: int
    visitors: int
    fold_ms: float
    lists_ms: float


def open_fold(connection: Connection) -> None:
    """Makes the connection's temporary tables; once for each connection, before its first fold."""
    connection.execute("CALL recommendations_open_fold()")


def copy_events(connection: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Copies rows of COPY's columns into the batch that `fold` takes; within the caller's transaction."""
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in rows:
            copy.write_row(row)


def copy_lines(connection: Connection, *lines: bytes) -> None:
    """`copy_events` of rows that are lines of COPY's text format already; an empty column is null."""
    with connection.cursor() as cursor, cursor.copy(f"{COPY} (NULL '')") as copy:
        for some in lines:
            copy.write(some)


def fold(
    connection: Connection,
    batch_id: int,
    topic: str,
    *,
    derive_lists: bool = True,
    judge: bool = False,
    patience: timedelta | None = None,
) -> Folded:
    """Folds what was copied; within the caller's transaction. `judge` predicts each event before it is learned.

    Lists that cannot be derived within `patience` wait; without it all are derived.
    """
    row: Any = connection.execute(
        "SELECT duplicates, visitors, fold_ms, lists_ms FROM recommendations_fold(%s, %s, %s, %s, %s)",
        (batch_id, topic, derive_lists, judge, patience),
    ).fetchone()
    return Folded(*row)
