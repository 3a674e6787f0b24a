"""Batches of events into the model, as Spark's sink folds them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from streaming.jobs.fold import COPY
from tests.conftest import Connection
from tests.recommendations.reference import Done

START = datetime(2026, 3, 1, tzinfo=UTC)


def fold(
    model: Connection,
    events: list[Done],
    batch: int = 1,
    *,
    judge: bool = False,
    patience: timedelta | None = None,
) -> Any:
    """Folds the events as one batch; duplicates and visitors of the ledger's row."""
    with model.transaction(), model.cursor() as cursor:
        with cursor.copy(COPY) as copy:
            for e in events:
                copy.write_row(
                    (
                        e.partition,
                        e.offset,
                        e.at,
                        e.visitor,
                        None if e.erases else e.event_id,
                        e.event,
                        e.occurred or e.at,
                        e.at,
                        list(e.products),
                        e.person,
                        e.source,
                        e.left_out,
                        e.origin,
                        e.list_id,
                        list(e.positions),
                    )
                )
        return cursor.execute(
            "SELECT duplicates, visitors FROM recommendations_fold(%s, 'activity', true, %s, %s)",
            (batch, judge, patience),
        ).fetchone()


def known(visitor: str, person: str, second: int) -> Done:
    """The visitor says who they are, so many seconds after the start: an event without a product."""
    at = START + timedelta(seconds=second)
    return Done(visitor, f"{visitor} is {person} {second}", "identify", (), at, 0, second, person)


def erased(visitor: str, second: int) -> Done:
    """The visitor's tombstone."""
    return Done(visitor, "", "", (), START + timedelta(seconds=second), 0, second, erases=True)


def browse(model: Connection, *sessions: str, event: str = "Product Viewed", batch: int = 1) -> list[Done]:
    """Folds sessions such as "anna: tea-1 mug-1": one event a product, in that order, a second apart.

    A batch goes on where the one before it ended, at the offset 1000 times its number.
    """
    events: list[Done] = []
    for session in sessions:
        visitor, _, products = session.partition(": ")
        for product in products.split():
            offset = 1000 * batch + len(events)
            at = START + timedelta(seconds=offset)
            events.append(Done(visitor, f"{visitor} {product} {offset}", event, (product,), at, 0, offset))
    fold(model, events, batch)
    return events
