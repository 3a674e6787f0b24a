"""The SQL fold against the model in plain Python, and against itself with other borders."""

import random
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import Connection
from tests.recommendations.folding import START, fold
from tests.recommendations.reference import Done, Model


def browsing(count: int, seed: int = 7) -> list[Done]:
    """Visitors over two partitions who look, add, buy, remove; some events are sent again, some a day later."""
    chance = random.Random(seed)
    events: list[Done] = []
    offsets = [0, 0]
    at = START
    for number in range(count):
        at += timedelta(minutes=chance.choice([0, 1, 30, 200]))
        if events and chance.random() < 0.1:
            again = chance.choice(events[-200:])
            event = Done(again.visitor, again.event_id, again.event, again.products, at, again.partition, 0)
        else:
            visitor = chance.randrange(12)
            kind = chance.choice(
                ["Product Viewed"] * 6 + ["Product Added", "Order Completed", "Product Removed"]
            )
            most = 3 if kind == "Order Completed" else 1
            products = tuple(chance.sample([f"p{n}" for n in range(25)], chance.randint(1, most)))
            event = Done(f"v{visitor}", f"e{number}", kind, products, at, visitor % 2)
        offset = offsets[event.partition]
        offsets[event.partition] += 1
        events.append(
            Done(event.visitor, event.event_id, event.event, event.products, at, event.partition, offset)
        )
    return events


def facts(model: Connection) -> dict[str, Any]:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return model.execute(query).fetchall()

    return {
        "pairs": {
            (a, b): w for a, b, w in rows("SELECT product_id, other_id, positive FROM recommendations_pair")
        },
        "against": {
            (a, b): w for a, b, w in rows("SELECT product_id, other_id, negative FROM recommendations_pair")
        },
        "counts": dict(rows("SELECT product_id, positive FROM recommendations_productcount")),
        "histories": rows(
            "SELECT visitor_id, position, product_id, event_id FROM recommendations_visitorevent ORDER BY 1, 2"
        ),
        "seen": rows("SELECT key, appended_at FROM recommendations_seenevent ORDER BY 1"),
    }


def nonzero(sums: dict[Any, float]) -> dict[Any, float]:
    return {key: weight for key, weight in sums.items() if weight}


def test_facts_are_those_of_the_definition(model: Connection) -> None:
    events = browsing(1500)
    expected = Model()
    expected.fold(events)
    duplicates = sum(fold(model, events[n : n + 40], n)[0] for n in range(0, len(events), 40))

    found = facts(model)
    assert expected.duplicates > 20
    assert duplicates == expected.duplicates
    assert nonzero(found["pairs"]) == pytest.approx(nonzero(expected.pairs), rel=1e-9)
    assert nonzero(found["against"]) == pytest.approx(nonzero(expected.against), rel=1e-9)
    assert nonzero(found["counts"]) == pytest.approx(nonzero(expected.counts), rel=1e-9)
    for visitor, history in expected.history.items():
        kept = [product for v, _, product, _ in found["histories"] if v == visitor]
        assert kept == [product for product, _ in history[-50:]]


@pytest.mark.parametrize("size", [1, 7, 600])
def test_borders_of_batches_change_nothing(model: Connection, size: int) -> None:
    events = browsing(600, seed=11)
    for n in range(0, len(events), 50):
        fold(model, events[n : n + 50])
    expected = facts(model)
    model.execute(
        "TRUNCATE recommendations_pair, recommendations_productcount, recommendations_visitorevent,"
        " recommendations_seenevent, recommendations_producthour"
    )
    for n in range(0, len(events), size):
        fold(model, events[n : n + size])

    found = facts(model)
    for sums in ("pairs", "against", "counts"):
        assert found[sums] == pytest.approx(expected[sums], rel=1e-9)
    assert found["histories"] == expected["histories"]
    assert found["seen"] == expected["seen"]


def test_lists_are_those_of_the_definition(model: Connection) -> None:
    events = browsing(900, seed=3)
    expected = Model()
    expected.fold(events)
    fold(model, events)
    moment = events[-1].at + timedelta(days=10)

    for product in ("p0", "p7", "p24"):
        similar = model.execute("SELECT * FROM recommendations_similar(%s, %s)", (product, moment)).fetchall()
        assert [other for other, _ in similar] == [other for other, _ in expected.similar(product, moment)]
        assert dict(similar) == pytest.approx(dict(expected.similar(product, moment)), rel=1e-9)
    for visitor in ("v0", "v5", "v11"):
        row = model.execute("SELECT items FROM recommendations_list(%s, %s)", (visitor, moment)).fetchone()
        assert row is not None
        found = {item["productId"]: item["score"] for item in row[0]}
        assert found == pytest.approx(dict(expected.recommend(visitor, moment)), rel=1e-9)
        assert list(found) == [product for product, _ in expected.recommend(visitor, moment)]


def test_same_event_counts_once_within_a_day_and_again_after_it(model: Connection) -> None:
    def look(hours: float, offset: int) -> Done:
        return Done("v", "same", "Product Viewed", ("a",), START + timedelta(hours=hours), 0, offset)

    assert fold(model, [look(0, 0), look(1, 1)])[0] == 1
    assert fold(model, [look(23.9, 2)])[0] == 1
    # One batch that spans more than a day: counted anew at 24 h, and not at 47 h, a day after neither.
    assert fold(model, [look(24, 3), look(47, 4)])[0] == 1
    assert [row[1] for row in facts(model)["histories"]] == [1, 2]


def test_same_event_id_of_another_visitor_is_another_event(model: Connection) -> None:
    events = [Done(v, "1", "Product Viewed", ("a",), START, 0, n) for n, v in enumerate(["x", "y"])]
    assert fold(model, events)[0] == 0


def test_every_touched_visitor_is_to_be_told_once(model: Connection) -> None:
    events = [
        Done("x", "1", "Product Viewed", ("a",), START, 0, 0),
        Done("x", "2", "Product Viewed", ("b",), START, 0, 1),
        Done("y", "3", "Product Viewed", ("a",), START, 0, 2),
        Done("z", "4", "Product List Viewed", ("a", "b"), START, 0, 3),
    ]
    assert fold(model, events)[1] == 2
    told = model.execute(
        "SELECT visitor_id, version FROM recommendations_changedvisitor ORDER BY id"
    ).fetchall()
    assert told == [("x", int(START.timestamp() * 1000)), ("y", int(START.timestamp() * 1000))]


def test_trace_names_the_newest_event_that_contributed(model: Connection) -> None:
    together = [
        Done(f"w{n}", f"{n}{p}", "Product Viewed", (p,), START, 0, 2 * n + i)
        for n in range(3)
        for i, p in enumerate(("a", "b") if n < 2 else ("c", "d"))
    ]
    fold(model, together)
    fold(model, [Done("v", "looked-a", "Product Viewed", ("a",), START, 0, 10)], batch=5)
    fold(model, [Done("v", "looked-c", "Product Viewed", ("c",), START, 0, 11)], batch=6)

    row = model.execute(
        "SELECT items, events FROM recommendations_visitorlist WHERE visitor_id = 'v'"
    ).fetchone()
    assert row is not None
    items, events = row
    moved = {item["productId"]: events[item["moved"]] for item in items}
    assert moved["b"]["eventId"] == "looked-a"
    assert moved["b"]["batchId"] == 5
    assert moved["d"]["eventId"] == "looked-c"
    assert moved["d"]["batchId"] == 6
