"""The SQL fold against the model in plain Python, and against itself with other borders."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import Connection
from tests.recommendations.folding import START, fold
from tests.recommendations.reference import Done, Model


def browsing(count: int, seed: int = 7, products: int = 25) -> list[Done]:
    """Visitors over two partitions who look, add, buy, remove, say who they are, are erased; some are bots.

    Some events are sent again, some of them a day later.
    """
    chance = random.Random(seed)
    events: list[Done] = []
    offsets = [0, 0]
    at = START
    for number in range(count):
        at += timedelta(minutes=chance.choice([0, 1, 30, 200]))
        if events and chance.random() < 0.1:
            event = chance.choice(events[-200:])
        else:
            visitor = chance.randrange(12)
            kind = chance.choice(
                ["Product Viewed"] * 6 + ["Product Added", "Order Completed", "Product Removed", "identify"]
            )
            most = {"Order Completed": 3, "identify": 0}.get(kind, 1)
            looked_at = tuple(
                chance.sample([f"p{n}" for n in range(products)], chance.randint(min(most, 1), most))
            )
            event = Done(
                f"v{visitor}",
                f"e{number}",
                kind,
                looked_at,
                at,
                visitor % 2,
                person=f"u{chance.randrange(4)}" if kind == "identify" or chance.random() < 0.1 else None,
                source=chance.choice(["shop", "app", None]),
                left_out=chance.random() < 0.05,
                erases=chance.random() < 0.03,
            )
        offset = offsets[event.partition]
        offsets[event.partition] += 1
        events.append(replace(event, at=at, offset=offset))
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
        "together": {
            (a, b): w
            for a, b, w in rows("SELECT product_id, other_id, positive FROM recommendations_basketpair")
        },
        "taken apart": {
            (a, b): w
            for a, b, w in rows("SELECT product_id, other_id, negative FROM recommendations_basketpair")
        },
        "baskets": dict(rows("SELECT product_id, baskets FROM recommendations_productcount")),
        "gaps": dict(rows("SELECT product_id, gaps FROM recommendations_productrhythm")),
        "days": dict(rows("SELECT product_id, days FROM recommendations_productrhythm")),
        "purchases": rows("SELECT * FROM recommendations_purchase ORDER BY visitor_id, product_id"),
        "histories": rows(
            # Counted from the newest: where an erased visitor begins anew is not the same in every batch.
            "SELECT visitor_id, position - max(position) OVER (PARTITION BY visitor_id), product_id, event_id"
            " FROM recommendations_visitorevent ORDER BY 1, 2"
        ),
        "persons": rows(
            'SELECT visitor_id, person_id, appended_at, partition, "offset"'
            " FROM recommendations_visitorperson ORDER BY 1"
        ),
        "minutes": rows("SELECT * FROM recommendations_foldedminute ORDER BY minute, source, event"),
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
    assert nonzero(found["together"]) == pytest.approx(nonzero(expected.together), rel=1e-9)
    assert nonzero(found["taken apart"]) == pytest.approx(nonzero(expected.taken_apart), rel=1e-9)
    assert nonzero(found["baskets"]) == pytest.approx(nonzero(expected.baskets), rel=1e-9)
    assert len(expected.gaps) > 5
    assert found["gaps"] == {product: len(gaps) for product, gaps in expected.gaps.items()}
    assert found["days"] == pytest.approx({product: sum(gaps) for product, gaps in expected.gaps.items()})
    assert found["purchases"] == [(*key, *bought) for key, bought in sorted(expected.purchases.items())]
    for visitor, history in expected.history.items():
        kept = [product for v, _, product, _ in found["histories"] if v == visitor]
        assert kept == [looked.product for looked in history[-50:]]
    assert {visitor for visitor, *_ in found["histories"]} == {
        v for v, history in expected.history.items() if history
    }
    assert found["persons"] == sorted((visitor, *known) for visitor, known in expected.persons.items())


def empty(model: Connection) -> None:
    model.execute(
        "TRUNCATE recommendations_pair, recommendations_productcount, recommendations_visitorevent,"
        " recommendations_visitorperson, recommendations_seenevent, recommendations_producthour,"
        " recommendations_foldedminute, recommendations_visitorlist, recommendations_basketpair,"
        " recommendations_purchase, recommendations_productrhythm"
    )


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for sums in ("pairs", "against", "counts", "together", "taken apart", "baskets", "gaps", "days"):
        assert found[sums] == pytest.approx(expected[sums], rel=1e-9)
    for rows in ("histories", "persons", "purchases", "seen", "minutes"):
        assert found[rows] == expected[rows]


@pytest.mark.parametrize("size", [1, 7, 600])
def test_borders_of_batches_change_nothing(model: Connection, size: int) -> None:
    events = browsing(600, seed=11)
    for n in range(0, len(events), 50):
        fold(model, events[n : n + 50])
    expected = facts(model)
    empty(model)
    for n in range(0, len(events), size):
        fold(model, events[n : n + size])

    assert_same(facts(model), expected)
    assert_lists_are_current(model)


def assert_lists_are_current(model: Connection) -> None:
    """Each visitor's stored list is from what the person's visitors have done, and nobody's is missing."""
    outdated = model.execute(
        """
        SELECT v.visitor_id, stored.events, now.events
        FROM (SELECT visitor_id FROM recommendations_visitorevent UNION
              SELECT visitor_id FROM recommendations_visitorperson UNION
              SELECT visitor_id FROM recommendations_visitorlist) v
        CROSS JOIN LATERAL recommendations_list(v.visitor_id) now
        LEFT JOIN recommendations_visitorlist stored USING (visitor_id)
        WHERE coalesce(stored.events, '[]') <> now.events
        """
    ).fetchall()
    assert outdated == []


def test_which_partition_is_read_first_changes_nothing(model: Connection) -> None:
    events = browsing(600, seed=11)
    for n in range(0, len(events), 50):
        fold(model, events[n : n + 50])
    expected = facts(model)
    empty(model)
    events.sort(key=lambda event: -event.partition)
    for n in range(0, len(events), 30):
        fold(model, events[n : n + 30])

    assert_same(facts(model), expected)
    assert_lists_are_current(model)


def test_lists_are_those_of_the_definition(model: Connection) -> None:
    events = browsing(900, seed=3, products=70)
    expected = Model()
    expected.fold(events)
    fold(model, events)
    moment = events[-1].at + timedelta(days=10)

    for product in ("p0", "p7", "p69"):
        similar = model.execute("SELECT * FROM recommendations_similar(%s, %s)", (product, moment)).fetchall()
        assert [other for other, _ in similar] == [other for other, _ in expected.similar(product, moment)]
        assert dict(similar) == pytest.approx(dict(expected.similar(product, moment)), rel=1e-9)
    assert len(expected.persons) > 6
    listed = 0
    for visitor in (f"v{number}" for number in range(12)):
        row = model.execute("SELECT items FROM recommendations_list(%s, %s)", (visitor, moment)).fetchone()
        assert row is not None
        found = {item["productId"]: item["score"] for item in row[0]}
        assert found == pytest.approx(dict(expected.recommend(visitor, moment)), rel=1e-9)
        assert list(found) == [product for product, _ in expected.recommend(visitor, moment)]
        listed += len(found)
    assert listed > 100


def test_same_event_counts_once_within_a_day_and_again_after_it(model: Connection) -> None:
    def look(hours: float, offset: int) -> Done:
        return Done("v", "same", "Product Viewed", ("a",), START + timedelta(hours=hours), 0, offset)

    assert fold(model, [look(0, 0), look(1, 1)])[0] == 1
    assert fold(model, [look(23.9, 2)])[0] == 1
    # One batch that spans more than a day: counted anew at 24 h, and not at 47 h, a day after neither.
    assert fold(model, [look(24, 3), look(47, 4)])[0] == 1
    assert [row[1] for row in facts(model)["histories"]] == [-1, 0]


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
