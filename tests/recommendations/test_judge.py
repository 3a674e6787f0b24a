"""Test, then train: each event predicted from what was known before it, held against a reference in Python."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from math import fsum
from random import Random
from typing import NamedTuple

import pytest

from tests.conftest import Connection
from tests.recommendations.conftest import Rank
from tests.recommendations.folding import START, browse, erased, fold, known
from tests.recommendations.reference import Done, Model

H_20 = fsum(1 / place for place in range(1, 21))


class Sums(NamedTuple):
    events: int
    hits_10: int
    hits_20: int
    reciprocal: float


def session(visitor: str, products: str, *, second: int, source: str | None = None) -> list[Done]:
    """One view a product, a second apart."""
    return [
        Done(
            visitor,
            f"{visitor} {second + n}",
            "Product Viewed",
            (product,),
            START + timedelta(seconds=second + n),
            0,
            second + n,
            source=source,
        )
        for n, product in enumerate(products.split())
    ]


def judged(model: Connection, source: str = "") -> Sums:
    row = model.execute(
        "SELECT sum(events)::int, sum(hits_10)::int, sum(hits_20)::int, sum(reciprocal)"
        " FROM recommendations_judgedhour WHERE source = %s",
        (source,),
    ).fetchone()
    assert row is not None
    return Sums(row[0] or 0, row[1] or 0, row[2] or 0, row[3] or 0.0)


def places(batches: Sequence[Sequence[Done]]) -> list[int]:
    """At which place each event's product stood, 0 where it did not: by the pairs as each batch found them."""
    reference, found = Model(), []
    histories: dict[str, list[str]] = defaultdict(list)
    for batch in batches:
        for event in batch:
            history, product = histories[event.visitor], event.products[0]
            seen = list(dict.fromkeys(reversed(history)))
            if seen and product not in seen:
                ranked = [other for other, _ in reference.recommend_for(seen, event.at)]
                found.append(ranked.index(product) + 1 if product in ranked else 0)
            history.append(product)
        reference.fold(batch)
    return found


def test_places_are_those_of_the_reference(model: Connection) -> None:
    chance = Random(3)
    events = [
        event
        for second in range(400)
        for event in session(
            f"v{chance.randrange(50)}", f"p{chance.randrange(30)}", second=second, source="judged:a"
        )
    ]
    batches = [events[:150], events[150:151], events[151:320], events[320:]]
    for number, batch in enumerate(batches):
        fold(model, batch, number, judge=True)
    expected = places(batches)
    sums = judged(model, "judged:a")
    assert sums.events == len(expected) > 200
    assert 10 < sums.hits_10 == sum(0 < place <= 10 for place in expected)
    assert sums.hits_10 < sums.hits_20 == sum(0 < place <= 20 for place in expected) < len(expected)
    assert sums.reciprocal == pytest.approx(sum(1 / place for place in expected if 0 < place <= 20))


def test_live_events_are_predicted_from_the_stored_lists(model: Connection) -> None:
    browse(model, "anna: tea-1 tea-2", "bert: tea-1 tea-3", "cleo: tea-1 tea-2")
    fold(model, session("dora", "tea-1 tea-2 tea-2 tea-9", second=5000), 2, judge=True)
    # tea-1 has nothing before it, the second tea-2 was seen; tea-2 stands first, tea-9 nowhere.
    assert judged(model) == Sums(2, 1, 1, 1.0)


def test_popular_leaves_out_what_was_seen_and_random_is_a_matter_of_numbers(
    model: Connection, rank: Rank
) -> None:
    browse(model, *(f"visitor-{n}: p{n}" for n in range(40)))
    rank(popular=["p1", "p2", "p3"])
    fold(model, session("anna", "p1 p2 p3", second=5000), 2, judge=True)
    row = model.execute(
        "SELECT popular_hits_10, popular_hits_20, popular_reciprocal, random_hits_10, random_hits_20,"
        " random_reciprocal FROM recommendations_judgedhour"
    ).fetchone()
    assert row is not None
    assert row[:3] == (2, 2, 2.0)  # p2 is first once p1 is left out, and so is p3
    assert row[3:] == pytest.approx((10 / 39 + 10 / 38, 20 / 39 + 20 / 38, H_20 / 39 + H_20 / 38))


def test_large_batch_is_sampled_and_what_was_passed_over_counted(model: Connection) -> None:
    sessions = [session(f"v{n}", "p1 p2", second=10 * n) for n in range(200)]
    fold(model, [event for events in sessions for event in events], judge=True)
    counts = "SELECT events, passed_over FROM recommendations_judgedhour"
    events, passed_over = model.execute(counts).fetchone() or (0, 0)
    assert passed_over == 400 - 20
    assert 0 < events < 20


def test_large_order_is_bounded_too(model: Connection) -> None:
    order = replace(
        session("anna", "p", second=10)[0],
        event="Order Completed",
        products=tuple(f"p{n}" for n in range(90)),
    )
    fold(model, [*session("anna", "q", second=0), order], judge=True)
    row = model.execute("SELECT events, passed_over FROM recommendations_judgedhour").fetchone() or (0, 0)
    assert row[0] in (19, 20)  # the first event is among those looked at, or not
    assert row[1] == 91 - 20


def test_events_asked_for_are_all_judged_and_other_old_ones_none(model: Connection) -> None:
    for number, source in enumerate(("judged:a", "backfill")):
        events = [
            replace(event, occurred=event.at - timedelta(hours=2))
            for n in range(30)
            for event in session(f"{source} {n}", "p1 p2", second=1000 * number + 10 * n, source=source)
        ]
        fold(model, events, number, judge=True)
    assert model.execute("SELECT source, events, passed_over FROM recommendations_judgedhour").fetchall() == [
        ("judged:a", 30, 0)
    ]


def test_nothing_is_judged_unless_asked_and_no_duplicate_twice(model: Connection) -> None:
    events = session("anna", "p1 p2", second=0)
    fold(model, events)
    assert judged(model).events == 0
    again = [replace(event, offset=100 + event.offset) for event in events]
    fold(model, again, 2, judge=True)
    assert judged(model).events == 0


def test_person_is_predicted_from_all_their_browsers_and_the_erased_from_nothing(model: Connection) -> None:
    browse(model, "xeno: p1 p2", "yara: p1 p2")
    fold(
        model,
        [
            known("phone", "anna", 5000),
            known("laptop", "anna", 5001),
            *session("phone", "p1", second=5002),
            *session("laptop", "p2", second=5003),
        ],
        2,
        judge=True,
    )
    assert judged(model) == Sums(1, 1, 1, 1.0)
    fold(model, [erased("phone", 5004), *session("phone", "p2", second=5005)], 3, judge=True)
    assert judged(model) == Sums(1, 1, 1, 1.0)
