"""What the fold counts of lists, held to its definition, and that batches and rebuilds make no difference."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from recommendations.in_use.models import ListClick, ListHour, ListVisitor
from tests.conftest import Connection
from tests.recommendations.folding import START, erased, fold
from tests.recommendations.reference import Done

DAY = timedelta(hours=24)
SEEN, CLICKED, BOUGHT = "Product List Viewed", "Product Clicked", "Order Completed"


def event(
    kind: str,
    second: float,
    products: str,
    list_id: str | None = "home",
    *,
    visitor: str = "v",
    **changes: Any,
) -> Done:
    """`products` as "tea-1@3 tea-2": with their positions, where they have one."""
    named = [name.partition("@") for name in products.split()]
    positions = tuple(int(position or 0) for _, _, position in named)
    at = START + timedelta(seconds=second)
    done = Done(
        visitor,
        f"{kind} {second}",
        kind,
        tuple(name for name, _, _ in named),
        at,
        offset=int(second * 10),
        list_id=list_id,
        positions=positions if any(positions) else (),
    )
    return replace(done, **changes)


def hours(model: Connection) -> dict[tuple[str, int], list[int]]:
    """Impressions, clicks and conversions by list and position, all hours together."""
    rows = model.execute(
        "SELECT list_id, position, sum(impressions)::int, sum(clicks)::int, sum(conversions)::int"
        " FROM recommendations_listhour GROUP BY 1, 2"
    )
    return {(name, position): counts for name, position, *counts in rows.fetchall()}


def test_what_was_seen_and_clicked_is_counted_by_list_and_position(model: Connection) -> None:
    fold(
        model, [event(SEEN, 1, "a@1 b@2 c@60 d"), event(CLICKED, 2, "b@2"), event(CLICKED, 3, "x@1", "other")]
    )
    assert hours(model) == {
        ("home", 1): [1, 0, 0],
        ("home", 2): [1, 1, 0],
        ("home", 51): [1, 0, 0],
        ("home", 0): [1, 0, 0],
        ("other", 1): [0, 1, 0],
    }


def test_what_is_in_no_list_left_out_or_sent_again_counts_nothing(model: Connection) -> None:
    seen = event(SEEN, 1, "a@1")
    fold(model, [event(CLICKED, 0, "a@1", None), event(SEEN, 0.5, "a@1", left_out=True), seen, seen])
    fold(model, [replace(seen, offset=99)])
    fold(model, [event("Product Viewed", 4, "a@1"), event(SEEN, 5, "")])
    assert hours(model) == {("home", 1): [1, 0, 0]}


def test_an_order_counts_for_the_last_list_in_which_the_visitor_clicked_the_product(
    model: Connection,
) -> None:
    fold(model, [event(CLICKED, 1, "a@1", "first"), event(CLICKED, 2, "a@2", "second")])
    fold(model, [event(BOUGHT, 3, "a b", None)])
    assert hours(model) == {("first", 1): [0, 1, 0], ("second", 2): [0, 1, 1]}


@pytest.mark.parametrize("together", [True, False])
def test_a_click_leads_to_one_order_at_most(model: Connection, together: bool) -> None:
    events = [event(CLICKED, 1, "a@1"), event(BOUGHT, 2, "a", None), event(BOUGHT, 3, "a", None)]
    for batch in [events] if together else [[each] for each in events]:
        fold(model, batch)
    assert hours(model) == {("home", 1): [0, 1, 1]}
    assert model.execute("SELECT count(*) FROM recommendations_listclick").fetchone() == (0,)


@pytest.mark.parametrize(("hours_later", "conversions"), [(23.9, 1), (24, 0)])
def test_an_order_that_comes_later_than_a_day_is_nobodys(
    model: Connection, hours_later: float, conversions: int
) -> None:
    fold(model, [event(CLICKED, 1, "a@1")])
    fold(model, [event(BOUGHT, 1 + hours_later * 3600, "a", None)])
    assert hours(model) == {("home", 1): [0, 1, conversions]}


def test_the_time_for_an_order_is_the_models_parameter(model: Connection) -> None:
    model.execute("UPDATE recommendations_parameters SET attribution = interval '1 minute'")
    try:
        fold(model, [event(CLICKED, 1, "a@1"), event(BOUGHT, 62, "a", None)])
        assert hours(model) == {("home", 1): [0, 1, 0]}
    finally:
        model.execute("UPDATE recommendations_parameters SET attribution = interval '1 day'")


def test_another_visitors_order_is_not_this_ones(model: Connection) -> None:
    fold(model, [event(CLICKED, 1, "a@1"), event(BOUGHT, 2, "a", None, visitor="w")])
    assert hours(model) == {("home", 1): [0, 1, 0]}


@pytest.mark.parametrize("together", [True, False])
def test_erasure_takes_what_is_remembered_and_leaves_the_sums(model: Connection, together: bool) -> None:
    events = [
        event(SEEN, 1, "a@1"),
        event(CLICKED, 2, "a@1"),
        erased("v", 30),
        event(BOUGHT, 4, "a", None, offset=400, at=START + timedelta(seconds=40)),
        event(SEEN, 5, "b@1", "new", offset=500, at=START + timedelta(seconds=50)),
    ]
    for batch in [events] if together else [[each] for each in events]:
        fold(model, batch)
    assert hours(model) == {("home", 1): [1, 1, 0], ("new", 1): [1, 0, 0]}
    assert model.execute("SELECT count(*) FROM recommendations_listclick").fetchone() == (0,)
    assert model.execute("SELECT list_id FROM recommendations_listvisitor").fetchall() == [("new",)]


def test_lists_beyond_two_hundred_of_an_hour_stand_under_one_name(model: Connection) -> None:
    for batch in range(0, 300, 60):
        fold(
            model,
            [event(SEEN, n + 1, "a@1", f"list-{n:03}", visitor=f"v{n}") for n in range(batch, batch + 60)],
        )
    fold(model, [event(SEEN, 1000, "a@1", "list-007"), event(CLICKED, 1001, "a@1", "list-299")])
    fold(model, [event(BOUGHT, 1002, "a", None)])
    found = hours(model)
    assert len(found) == 201
    assert found[("(other)", 1)] == [100, 1, 1]
    assert found[("list-007", 1)] == [2, 0, 0]


def test_a_schema_without_tables_of_its_own_for_it_counts_nothing(model: Connection) -> None:
    model.execute("CREATE SCHEMA second")
    try:
        model.execute("SET search_path = second, public")
        fold(model, [event(SEEN, 1, "a@1")])
        assert hours(model) == {}
    finally:
        model.execute("SET search_path = public")
        model.execute("DROP SCHEMA second CASCADE")


# -- Held to the definition ------------------------------------------------------------------------------------
@dataclass
class Lists:
    """The definition in plain Python, one event after the other."""

    hours: Counter[tuple[datetime, str, int, str]] = field(default_factory=Counter)
    visitors: dict[tuple[str, str], datetime] = field(default_factory=dict)
    clicks: dict[tuple[str, str], tuple[Done, int]] = field(default_factory=dict)
    first_seen: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def fold(self, events: list[Done]) -> None:
        for each in events:
            if each.erases:
                self.visitors = {key: at for key, at in self.visitors.items() if key[0] != each.visitor}
                self.clicks = {key: click for key, click in self.clicks.items() if key[0] != each.visitor}
                continue
            key = (each.visitor, each.event_id)
            if key in self.first_seen and each.at < self.first_seen[key] + DAY:
                continue
            self.first_seen[key] = each.at
            if not each.left_out:
                self._take(each)

    def _take(self, each: Done) -> None:
        places = each.positions or (0,) * len(each.products)
        for product, place in zip(each.products, places, strict=True):
            if each.list_id and each.event == SEEN:
                self._count(each, place, "impressions")
                self.visitors[(each.visitor, each.list_id)] = each.at
            elif each.list_id and each.event == CLICKED:
                self._count(each, place, "clicks")
                self.clicks[(each.visitor, product)] = (each, place)
            elif each.event == BOUGHT:
                click = self.clicks.get((each.visitor, product))
                if click and each.at < click[0].at + DAY:
                    self._count(*click, "conversions")
                    del self.clicks[(each.visitor, product)]

    def _count(self, each: Done, place: int, what: str) -> None:
        hour = each.at.replace(minute=0, second=0, microsecond=0)
        self.hours[(hour, str(each.list_id), min(place, 51), what)] += 1


def shopping(count: int, seed: int = 11, minutes: tuple[int, ...] = (0, 1, 30, 200)) -> list[Done]:
    """Visitors who see, click, order and are erased; some are bots, some events are sent again."""
    chance = random.Random(seed)
    events: list[Done] = []
    offsets = [0, 0]
    at = START
    for number in range(count):
        at += timedelta(minutes=chance.choice(minutes))
        if events and chance.random() < 0.1:
            done = chance.choice(events[-100:])
        else:
            visitor = chance.randrange(6)
            kind = chance.choice([SEEN, SEEN, CLICKED, CLICKED, CLICKED, BOUGHT, BOUGHT, "Product Viewed"])
            most = 1 if kind == CLICKED else 4
            products = tuple(chance.sample([f"p{n}" for n in range(8)], chance.randint(1, most)))
            done = Done(
                f"v{visitor}",
                f"e{number}",
                kind,
                products,
                at,
                visitor % 2,
                list_id=None if kind == BOUGHT else chance.choice(["home", "search", None]),
                positions=tuple(chance.randrange(60) for _ in products) if chance.random() < 0.8 else (),
                left_out=chance.random() < 0.05,
                erases=chance.random() < 0.04,
            )
        events.append(replace(done, at=at, offset=offsets[done.partition]))
        offsets[done.partition] += 1
    return events


def facts(model: Connection) -> dict[str, Any]:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return model.execute(query).fetchall()

    return {
        "hours": rows("SELECT * FROM recommendations_listhour ORDER BY 1, 2, 3"),
        "visitors": rows("SELECT * FROM recommendations_listvisitor ORDER BY 1, 2"),
        "clicks": rows("SELECT * FROM recommendations_listclick ORDER BY 1, 2"),
    }


def in_batches(model: Connection, events: list[Done], seed: int) -> None:
    chance = random.Random(seed)
    begin = 0
    while begin < len(events):
        end = begin + chance.choice([1, 2, 7, 40, 200])
        fold(model, events[begin:end])
        begin = end


def test_counts_are_those_of_the_definition(model: Connection) -> None:
    events = shopping(900)
    expected = Lists()
    expected.fold(events)
    in_batches(model, events, 1)

    found: Counter[tuple[datetime, str, int, str]] = Counter()
    for row in ListHour.objects.all():
        for what in ("impressions", "clicks", "conversions"):
            found[(row.hour, row.list_id, row.position, what)] += getattr(row, what)
    assert +found == +expected.hours
    sums: dict[str, int] = defaultdict(int)
    for (*_, what), count in expected.hours.items():
        sums[what] += count
    assert sums["conversions"] > 20
    assert {(v.visitor_id, v.list_id): v.last_seen_at for v in ListVisitor.objects.all()} == expected.visitors
    assert {(c.visitor_id, c.product_id): (c.list_id, c.occurred_at) for c in ListClick.objects.all()} == {
        key: (click.list_id, click.at) for key, (click, _) in expected.clicks.items()
    }


@pytest.mark.parametrize("seed", [2, 3])
def test_batches_make_no_difference(model: Connection, seed: int) -> None:
    events = shopping(500, seed)
    fold(model, events)
    whole = facts(model)
    model.execute(
        "TRUNCATE recommendations_listhour, recommendations_listvisitor, recommendations_listclick,"
        " recommendations_seenevent, recommendations_visitorevent"
    )
    in_batches(model, events, seed)
    assert facts(model) == whole


def test_clean_up_takes_what_can_no_longer_matter(model: Connection) -> None:
    fold(model, [event(SEEN, 1, "a@1"), event(CLICKED, 2, "a@1"), event(CLICKED, 3600, "b@1")])
    watermark = START + DAY + timedelta(seconds=2)
    model.execute(
        "SELECT recommendations_clean_up(jsonb_build_object('0', %s::text))", (watermark.isoformat(),)
    )
    assert [click.product_id for click in ListClick.objects.all()] == ["b"]
    assert ListHour.objects.count() == 0, "the hours of long ago"
    assert ListVisitor.objects.count() == 0
