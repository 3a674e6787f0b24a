"""A list composed with events that are not folded yet is the list that the fold will store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from psycopg.types.json import Jsonb

from tests.conftest import Connection
from tests.recommendations.folding import START, browse, fold, known
from tests.recommendations.reference import DAY, Done
from tests.recommendations.test_fold import browsing


class Composed(NamedTuple):
    version: int
    as_of: datetime
    items: list[dict[str, Any]]
    events: list[dict[str, Any]]
    seen: list[str]
    waiting: list[str]


def pending_as_json(pending: Sequence[Done]) -> Jsonb:
    return Jsonb(
        [
            {
                "eventId": e.event_id,
                "event": e.event,
                "topic": "activity",
                "partition": e.partition,
                "offset": e.offset,
                "occurredAt": e.at.isoformat(),
                "receivedAt": e.at.isoformat(),
                "appendedAt": e.at.isoformat(),
                "productIds": list(e.products),
            }
            for e in pending
        ]
    )


def compose(model: Connection, visitor: str, pending: Sequence[Done]) -> Composed | None:
    row = model.execute(
        "SELECT * FROM recommendations_session(%s, %s)", (visitor, pending_as_json(pending))
    ).fetchone()
    return Composed(*row) if row else None


class Stored(NamedTuple):
    version: int
    items: list[dict[str, Any]]
    events: list[dict[str, Any]]
    seen: list[str]


def stored(model: Connection, visitor: str) -> Stored | None:
    row = model.execute(
        "SELECT version, items, events, seen FROM recommendations_visitorlist WHERE visitor_id = %s",
        (visitor,),
    ).fetchone()
    return Stored(*row) if row else None


def unlanded(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events without what only a batch can know."""
    return [event | {"batchId": None, "computedAt": None} for event in events]


def look(visitor: str, product: str, second: int, event: str = "Product Viewed") -> Done:
    at = START + timedelta(seconds=second)
    return Done(visitor, f"{visitor} {product} {second}", event, (product,), at, 0, second)


def within_a_day(events: Sequence[Done]) -> list[Done]:
    """Without those that are sent again so late that they count again: nothing is pending for so long."""
    first: dict[str, datetime] = {}
    return [e for e in events if e.at < first.setdefault(e.event_id, e.at) + DAY]


def pending_of(events: Sequence[Done]) -> list[Done]:
    """What the push process keeps of them: each event once, if it has products."""
    once = {e.event_id: e for e in reversed(events)}
    return [e for e in events if once[e.event_id] is e and e.products and not e.left_out]


@pytest.mark.parametrize("seed", range(4))
def test_composed_list_is_what_the_fold_stores(model: Connection, seed: int) -> None:
    """With joined persons, duplicates, removals and several partitions; at the similarities of one moment.

    What the visitor's own events teach about products comes with the fold only, and is left out of the comparison.
    """
    events = [e for e in browsing(1200, seed, products=90) if not e.erases]
    fold(model, events[:1000])
    model.execute("CREATE TEMP TABLE before AS TABLE recommendations_similarproducts")
    compared = 0
    for visitor in (f"v{number}" for number in range(12)):
        own = within_a_day([e for e in events[1000:] if e.visitor == visitor and e.person is None])
        composed = compose(model, visitor, pending_of(own))
        with model.transaction(force_rollback=True):
            fold(model, own, batch=9)
            after = stored(model, visitor)
            model.execute("DELETE FROM recommendations_similarproducts")
            model.execute("INSERT INTO recommendations_similarproducts TABLE before")
            (items,) = (
                model.execute("SELECT items FROM recommendations_list(%s)", (visitor,)).fetchone() or ()
            )
            assert compose(model, visitor, pending_of(own)) is None, "all of it has been folded"
        if composed is None:
            continue
        assert after is not None
        assert (composed.version, composed.seen) == (after.version, after.seen)
        assert unlanded(composed.events) == unlanded(after.events)
        assert composed.items == items
        compared += len(items) > 5
    model.execute("DROP TABLE before")
    assert compared > 6


@pytest.mark.parametrize("person", [None, "anna"])
def test_list_of_a_first_look_is_stored_as_it_was_composed(model: Connection, person: str | None) -> None:
    """Nothing is learned of a single look, so that even the items are the same when the batch has landed."""
    browse(model, "w1: tea-1 mug-1", "w2: tea-1 mug-1", "w3: tea-1 cake-1", "desk: cake-2")
    if person:
        fold(model, [known("desk", person, 1500), known("v", person, 1501)])
    looked = look("v", "tea-1", 2000)
    composed = compose(model, "v", [looked, replace(looked, event_id="none", event="Product List Viewed")])
    assert composed is not None
    assert composed.waiting == [looked.event_id]
    assert composed.events[0]["batchId"] is composed.events[0]["computedAt"] is None
    assert [item["productId"] for item in composed.items] == ["mug-1", "cake-1"]

    fold(model, [looked, replace(looked, offset=2001)], batch=3)

    after = stored(model, "v")
    assert after is not None
    assert after.events[0]["batchId"] == 3
    assert after == (composed.version, composed.items, after.events, composed.seen)
    assert unlanded(after.events) == unlanded(composed.events)
    assert composed.seen == (["tea-1", "cake-2"] if person else ["tea-1"])


def test_event_that_was_folded_is_no_longer_waiting(model: Connection) -> None:
    browse(model, "w1: tea-1 mug-1", "w2: cake-1 tea-2")
    first, second = look("v", "tea-1", 2000), look("v", "cake-1", 2001)
    fold(model, [first], batch=2)
    composed = compose(model, "v", [first, second])
    assert composed is not None
    assert composed.waiting == [second.event_id]
    assert [event["batchId"] for event in composed.events] == [None, 2]
    assert {item["productId"] for item in composed.items} == {"mug-1", "tea-2"}
    assert compose(model, "v", [replace(first, at=second.at, offset=2002)]) is None, "a duplicate"


def test_version_never_falls_below_that_of_the_stored_list(model: Connection) -> None:
    fold(model, [known("v", "anna", 1), known("desk", "anna", 2), look("desk", "tea-1", 3000)])
    composed = compose(model, "v", [look("v", "mug-1", 2000)])
    before = stored(model, "v")
    assert composed is not None
    assert before is not None
    assert composed.version == before.version == int((START + timedelta(seconds=3000)).timestamp() * 1000)
    assert composed.seen == ["tea-1", "mug-1"]


def test_all_products_of_the_history_are_left_out(model: Connection) -> None:
    products = [f"mug-{number}" for number in range(20)]
    browse(model, "w1: " + " ".join(products), "w2: tea-1 mug-19 tea-2")
    browse(model, "v: " + " ".join(products), batch=2)
    after = stored(model, "v")
    assert after is not None
    assert after.seen == products[::-1]
    assert [event["productId"] for event in after.events] == products[:9:-1]
    assert {item["productId"] for item in after.items} == {"tea-1", "tea-2"}

    composed = compose(model, "v", [look("v", "tea-2", 4000)])
    assert composed is not None
    assert [item["productId"] for item in composed.items] == ["tea-1"]


def test_what_the_page_was_sent_is_read_by_everybody_until_it_is_folded(model: Connection) -> None:
    browse(model, "w1: tea mug", "w2: tea cake", "v: pot")
    newest = look("v", "tea", 5000)
    asked = Jsonb({"list": "composed", "visitor": "v", "limit": 5, "category": None})

    def read() -> tuple[int, list[str]]:
        row = model.execute(
            "SELECT version, items, recommendations_list_version('v') FROM recommendations_stored_list('v')"
        ).fetchone()
        assert row is not None
        assert row[0] == row[2]
        return row[0], [item["productId"] for item in row[1]]

    before = read()
    model.execute(
        "SELECT * FROM recommendations_session_list('v', %s, %s)", (pending_as_json([newest]), asked)
    )
    at_once = read()
    assert before[1] == []
    assert at_once == (5000 * 1000 + int(START.timestamp() * 1000), ["cake", "mug"])

    fold(model, [newest])
    assert read() == at_once
    assert model.execute("SELECT * FROM recommendations_sessionlist").fetchall() == []
