"""What is ranked for everybody, and what keeps the model within its bounds."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from psycopg.types.json import Jsonb

from recommendations import tasks
from recommendations.models import (
    ChangedVisitor,
    FoldedMinute,
    Pair,
    Parameters,
    ProductCount,
    ProductHour,
    Pruning,
    RankedProduct,
    SeenEvent,
    VisitorEvent,
    VisitorList,
)
from tests.conftest import Connection
from tests.recommendations.folding import START, browse, fold, known
from tests.recommendations.goods import SOLD_OUT

DAY = timedelta(days=1)
THIS_HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

pytestmark = pytest.mark.django_db


def looked_at(product: str, weight: float, hour: datetime = THIS_HOUR) -> None:
    ProductHour.objects.create(hour=hour, product_id=product, weight=weight)


def ranked(kind: str) -> list[str]:
    return list(RankedProduct.objects.filter(kind=kind).order_by("rank").values_list("product_id", flat=True))


def test_trending_is_the_rate_now_against_the_products_own_past() -> None:
    looked_at("always popular", 50)
    for hours in range(2, 168):
        looked_at("always popular", 50, THIS_HOUR - timedelta(hours=hours))
    looked_at("on the rise", 20)
    looked_at("on the rise", 5, THIS_HOUR - timedelta(hours=30))
    looked_at("newcomer", 10)
    looked_at("a handful", 2.9)
    looked_at("yesterday's", 90, THIS_HOUR - DAY)

    tasks.refresh_trending()

    assert ranked("trending") == ["on the rise", "newcomer", "always popular"]


def test_trending_score_is_that_of_the_definition() -> None:
    moment = THIS_HOUR + timedelta(minutes=30)
    looked_at("p", 12)
    looked_at("p", 6, THIS_HOUR - timedelta(hours=1))
    looked_at("p", 336, THIS_HOUR - timedelta(hours=100))
    looked_at("p", 1000, THIS_HOUR - timedelta(hours=170))  # before the week that counts
    with connection.cursor() as cursor:
        cursor.execute("SELECT product_id, score FROM recommendations_trending(%s)", [moment])
        rows = cursor.fetchall()
    # 18 in 1.5 hours, where 2 an hour were to be expected, with a floor of 3.
    assert rows == [("p", pytest.approx(18 / (2 * 1.5 + 3)))]


def test_each_category_has_its_own_ranks(model: Connection, goods: None) -> None:
    browse(model, "w1: tea-1 mug-1 tea-2", "w2: tea-1 mug-1", f"w3: tea-1 elsewhere-1 {SOLD_OUT}")
    looked_at("mug-2", 10)

    tasks.refresh_categories()

    def ranked_in(category: str, kind: str) -> list[str]:
        return list(
            RankedProduct.objects.filter(kind=kind, category=category)
            .order_by("rank")
            .values_list("product_id", flat=True)
        )

    assert ranked_in("tea", "popular") == ["tea-1", "tea-2"]
    assert ranked_in("mug", "popular") == ["mug-1"]
    assert ranked_in("mug", "trending") == ["mug-2"]
    assert set(RankedProduct.objects.values_list("category", flat=True)) == {"tea", "mug"}


def test_what_came_in_last_is_new(model: Connection, goods: None) -> None:
    model.execute(
        "UPDATE shop_product SET created_at = now() - interval '3 days' WHERE product_id = 'cake-3'"
    )
    model.execute("UPDATE shop_product SET created_at = now() - interval '2 days' WHERE product_id = 'mug-3'")
    model.execute("UPDATE shop_product SET created_at = now(), stock = 0 WHERE product_id = 'tea-3'")
    tasks.refresh_trending()
    assert ranked("new") == ["mug-3", "cake-3"]


def test_popular_is_ranked_by_what_counts_today(model: Connection) -> None:
    browse(model, "w1: tea-1 mug-1", "w2: tea-1 mug-1", "w3: tea-1")
    browse(model, "w4: cake-1", event="Order Completed", batch=2)
    browse(model, "w5: tea-7", event="Product Removed", batch=3)

    tasks.refresh_trending()

    assert ranked("popular") == ["cake-1", "tea-1", "mug-1"]
    scores = dict(RankedProduct.objects.filter(kind="popular").values_list("product_id", "score"))
    faded = 0.5 ** ((timezone.now() - START) / timedelta(days=60))
    assert scores["tea-1"] == pytest.approx(3 * faded, rel=1e-3)


def test_ranking_replaces_the_one_before_and_keeps_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "RANKED_PRODUCTS", 2)
    for weight, product in enumerate("abc", 10):
        looked_at(product, weight)
    tasks.refresh_trending()
    assert ranked("trending") == ["c", "b"]
    ProductHour.objects.all().delete()
    tasks.refresh_trending()
    assert ranked("trending") == []


def pair(product: str, other: str, positive: float, negative: float = 0) -> None:
    """Both directions, as the fold keeps them."""
    for one, another in ((product, other), (other, product)):
        Pair.objects.create(product_id=one, other_id=another, positive=positive, negative=negative)


def kept_pairs() -> set[str]:
    pairs = Pair.objects.values_list("product_id", "other_id")
    assert {(other, product) for product, other in pairs} == set(pairs), "both directions go together"
    return {product + other for product, other in pairs if product < other}


def test_pruning_keeps_what_is_on_top_for_either_and_writes_down_what_it_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "PAIRS_PER_PRODUCT", 2)
    pair("p", "a", 5)
    pair("p", "b", 9, 8)
    pair("p", "c", 4)
    pair("b", "x", 3)
    pair("b", "y", 3)
    pair("p", "new", 0.1)  # on top of its own few pairs, however heavy those of p are

    assert tasks.prune_pairs() == 2

    assert kept_pairs() == {"ap", "cp", "bx", "by", "newp"}
    (noted,) = Pruning.objects.all()
    assert (noted.pairs, noted.positive, noted.negative) == (2, 18, 16)
    assert tasks.prune_pairs() == 0
    assert Pruning.objects.count() == 1


def test_pruning_ranks_as_the_similar_products_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """What everybody looks at is less similar than its weight says."""
    monkeypatch.setattr(tasks, "PAIRS_PER_PRODUCT", 1)
    landmark = timezone.now()
    Parameters.objects.update(landmark=landmark)
    for product, count in (("p", 10), ("everybody's", 1_000_000), ("other", 10), ("x", 10)):
        ProductCount.objects.create(product_id=product, positive=count, negative=0)
    pair("p", "everybody's", 10)
    pair("p", "other", 9)
    pair("everybody's", "x", 1000)

    assert tasks.prune_pairs() == 2

    assert Pair.objects.filter(product_id="p").get().other_id == "other"


def test_the_landmark_of_each_model_moves_once_events_weigh_too_much() -> None:
    Parameters.objects.update(
        landmark=datetime.now(UTC) - timedelta(hours=1000), half_life=timedelta(hours=4)
    )
    assert tasks.move_landmarks() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT now() - landmark < interval '1 hour' FROM recommendations_parameters")
        assert cursor.fetchone() == (True,)
    assert tasks.move_landmarks() == 0


def clean_up(**watermarks: datetime) -> dict[str, Any]:
    """Cleans up with these watermarks, by partition: `clean_up(p0=...)`."""
    by_partition = {name[1:]: moment.isoformat() for name, moment in watermarks.items()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM recommendations_clean_up(%s::jsonb)", [json.dumps(by_partition)])
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
        return dict(zip(names, cursor.fetchone() or (), strict=True))


def see(number: int, partition: int, appended_at: datetime) -> None:
    SeenEvent.objects.create(key=f"{number:032x}", partition=partition, appended_at=appended_at)


def test_ids_seen_are_forgotten_a_day_before_their_own_partitions_watermark() -> None:
    """By the log's clock, not the wall's: a partition that stands still may still be asked."""
    second = timedelta(seconds=1)
    see(1, 0, START - DAY - second)
    see(2, 0, START - DAY)
    see(3, 0, START - DAY + second)
    see(4, 1, START - DAY - second)
    see(5, 2, START - 9 * DAY)

    assert clean_up(p0=START, p1=START - second * 2)["seen"] == 2

    assert [key.int for key in SeenEvent.objects.order_by("key").values_list("key", flat=True)] == [3, 4, 5]


def test_histories_go_after_the_memory_and_lists_with_the_last_of_theirs(model: Connection) -> None:
    browse(model, "old: tea-1", "both: tea-1 mug-1", "new: tea-1")
    model.execute(
        "UPDATE recommendations_visitorevent SET appended_at = %s"
        " WHERE visitor_id = 'old' OR (visitor_id = 'both' AND position = 1)",
        (START - timedelta(days=90),),
    )

    def cleaned(partition: int) -> Any:
        marks = Jsonb({str(partition): START.isoformat()})
        # On the connection that commits: the rows were committed, and whoever empties the tables must not wait.
        return model.execute("SELECT history, lists FROM recommendations_clean_up(%s)", (marks,)).fetchone()

    assert cleaned(1) == (0, 0)
    assert cleaned(0) == (2, 1)

    kept = VisitorEvent.objects.order_by("visitor_id").values_list("visitor_id", "position")
    assert list(kept) == [("both", 2), ("new", 1)]
    assert list(VisitorList.objects.order_by("visitor_id").values_list("visitor_id", flat=True)) == [
        "both",
        "new",
    ]


def test_persons_go_after_the_memory_but_not_while_there_is_a_history(model: Connection) -> None:
    browse(model, "phone: tea-1", "w: mug-1")
    fold(model, [known("phone", "anna", 2000), known("desk", "anna", 2001), known("late", "bert", 2002)])
    model.execute(
        "UPDATE recommendations_visitorperson SET appended_at = %s WHERE person_id = 'anna'",
        (START - timedelta(days=90),),
    )

    def cleaned() -> Any:
        marks = Jsonb({"0": START.isoformat()})
        return model.execute("SELECT persons, lists FROM recommendations_clean_up(%s)", (marks,)).fetchone()

    assert cleaned() == (1, 1), "the desk and the list that it had from the phone"

    persons = model.execute("SELECT visitor_id FROM recommendations_visitorperson ORDER BY 1").fetchall()
    assert persons == [("late",), ("phone",)]
    lists = model.execute("SELECT visitor_id FROM recommendations_visitorlist ORDER BY 1").fetchall()
    assert lists == [("phone",), ("w",)]


def test_a_list_from_another_browsers_history_stays_with_it(model: Connection) -> None:
    browse(model, "phone: tea-1", "old: mug-1")
    fold(model, [known("phone", "anna", 2000), known("desk", "anna", 2001)])
    model.execute(
        "UPDATE recommendations_visitorevent SET appended_at = %s WHERE visitor_id = 'old'",
        (START - timedelta(days=90),),
    )
    marks = Jsonb({"0": START.isoformat()})
    row = model.execute("SELECT history, lists FROM recommendations_clean_up(%s)", (marks,)).fetchone()
    assert row == (1, 1)
    lists = model.execute("SELECT visitor_id FROM recommendations_visitorlist ORDER BY 1").fetchall()
    assert lists == [("desk",), ("phone",)]


def test_notices_go_after_an_hour_and_hours_after_two_weeks() -> None:
    for minutes in (59, 61):
        ChangedVisitor.objects.create(
            visitor_id=str(minutes), version=1, changed_at=timezone.now() - timedelta(minutes=minutes)
        )
    looked_at("13 days", 1, THIS_HOUR - 13 * DAY)
    looked_at("15 days", 1, THIS_HOUR - 15 * DAY)
    for days in (13, 15):
        minute = {"minute": THIS_HOUR - days * DAY, "source": "shop", "event": "page"}
        FoldedMinute.objects.create(**minute, events=1, duplicates=0, left_out=0)

    cleaned = clean_up()

    assert cleaned == {
        "seen": 0,
        "history": 0,
        "persons": 0,
        "lists": 0,
        "hours": 1,
        "minutes": 1,
        "notices": 1,
    }
    assert [counted.minute for counted in FoldedMinute.objects.all()] == [THIS_HOUR - 13 * DAY]
    assert list(ChangedVisitor.objects.values_list("visitor_id", flat=True)) == ["59"]
    assert list(ProductHour.objects.values_list("product_id", flat=True)) == ["13 days"]
