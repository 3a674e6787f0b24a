"""The list of a visitor: stored by Spark, filled up with what is the same for everybody."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recommendations.experiments.assignment import forget, refresh
from recommendations.selectors import list_for_visitor, trending_products, version_of_list
from shop.models import Category, Product
from tests.conftest import Connection
from tests.recommendations.conftest import Rank
from tests.recommendations.folding import START, browse
from tests.recommendations.goods import SOLD_OUT
from tracking.events import format_timestamp

TOGETHER = ("w1: tea-1 mug-1", "w2: tea-1 mug-1", "w3: tea-1 cake-1")


def ids(content: dict[str, Any]) -> list[str]:
    return [item["productId"] for item in content["items"]]


def kinds(content: dict[str, Any]) -> list[str]:
    return [item["reason"]["kind"] for item in content["items"]]


def test_stored_list_has_the_shape_of_the_contract(model: Connection, goods: None) -> None:
    browse(model, *TOGETHER)
    (looked,) = browse(model, "v: tea-1", batch=7)

    content = list_for_visitor("v")

    best = content["items"].pop(0)
    computed_at = best["trace"].pop("computedAt")
    assert best.pop("score") > content["items"][0]["score"] > 0
    assert best == {
        "productId": "mug-1",
        "title": "Mug number 1",
        "url": "/p/mug-1/",
        "image": Product.objects.select_related("category").get(product_id="mug-1").picture_url,
        "price": 12.5,
        "currency": "EUR",
        "reason": {"kind": "viewed", "productId": "tea-1", "title": "Tea number 1", "category": None},
        "trace": {
            "eventId": looked.event_id,
            "topic": "activity",
            "partition": 0,
            "offset": 7000,
            "batchId": 7,
            "occurredAt": "2026-03-01T01:56:40.000Z",
            "receivedAt": "2026-03-01T01:56:40.000Z",
            "pushedAt": None,
        },
    }
    assert datetime.now(UTC) - datetime.fromisoformat(computed_at) < timedelta(minutes=1)
    assert len(computed_at) == len("2026-03-01T01:56:40.000Z")
    assert ids(content) == ["cake-1"]
    assert computed_at <= content["asOf"] <= format_timestamp(datetime.now(UTC))
    assert {name: content[name] for name in ("type", "visitorId", "version")} == {
        "type": "recommendations",
        "visitorId": "v",
        "version": int(looked.at.timestamp() * 1000),
    }


@pytest.mark.parametrize(
    ("event", "kind"), [("Product Added", "added"), ("Order Completed", "bought"), ("Stared At", "viewed")]
)
def test_reason_tells_what_the_visitor_did(model: Connection, goods: None, event: str, kind: str) -> None:
    browse(model, *TOGETHER)
    browse(model, "v: tea-1", event=event, batch=2)
    assert set(kinds(list_for_visitor("v"))) == {kind}


def test_unknown_and_unavailable_products_are_left_out(model: Connection, goods: None) -> None:
    browse(model, "w1: tea-1 elsewhere-1", f"w2: tea-1 {SOLD_OUT}", "w3: tea-1 mug-1")
    browse(model, "v: tea-1", batch=2)
    assert ids(list_for_visitor("v")) == ["mug-1"]


def test_reason_may_be_a_product_that_the_catalogue_does_not_know(model: Connection, goods: None) -> None:
    browse(model, "w1: elsewhere-1 mug-1")
    browse(model, "v: elsewhere-1", batch=2)
    (item,) = list_for_visitor("v")["items"]
    assert item["reason"] == {
        "kind": "viewed",
        "productId": "elsewhere-1",
        "title": None,
        "category": None,
    }


def test_short_list_is_filled_up_without_repeats_or_what_was_just_viewed(
    model: Connection, goods: None, rank: Rank
) -> None:
    browse(model, *TOGETHER)
    browse(model, "v: tea-1", batch=2)
    rank(
        trending=["mug-5", "tea-1", "mug-1", SOLD_OUT, "mug-4"],
        popular=["cake-1", "mug-4", "tea-1", "mug-6", "mug-5", "elsewhere-1"],
    )

    content = list_for_visitor("v")

    assert ids(content) == ["mug-1", "cake-1", "mug-5", "mug-4", "mug-6"]
    assert kinds(content) == ["viewed", "viewed", "trending", "trending", "popular"]
    assert [item["trace"] is None for item in content["items"]] == [False, False, True, True, True]
    assert content["items"][2]["reason"] == {
        "kind": "trending",
        "productId": None,
        "title": None,
        "category": None,
    }


def test_list_is_filled_up_from_the_category_of_the_newest_product_first(
    model: Connection, goods: None, rank: Rank
) -> None:
    browse(model, *TOGETHER)
    (_, newest) = browse(model, "v: tea-1 cake-8", batch=2)
    rank(trending=["tea-5", "cake-8", "cake-2"], popular=["tea-6", "cake-3", "cake-1", "cake-2"])

    content = list_for_visitor("v")

    assert ids(content) == ["mug-1", "cake-1", "cake-2", "cake-3", "tea-5", "tea-6"]
    assert kinds(content) == ["viewed", "viewed", "trending", "popular", "trending", "popular"]
    because = {"productId": "cake-8", "title": "Cake number 8", "category": "Cakes"}
    assert [item["reason"] for item in content["items"][2:4]] == [
        {"kind": "trending"} | because,
        {"kind": "popular"} | because,
    ]
    traces = [item["trace"] and item["trace"]["eventId"] for item in content["items"][2:]]
    assert traces == [newest.event_id, newest.event_id, None, None]


def test_first_look_at_a_product_without_neighbours_changes_the_list(
    model: Connection, goods: None, rank: Rank
) -> None:
    rank(popular=["mug-1", "mug-2", "cake-1", "cake-2", "cake-3"])
    assert ids(list_for_visitor("v", limit=3)) == ["mug-1", "mug-2", "cake-1"]
    browse(model, "v: cake-2")
    assert ids(list_for_visitor("v", limit=3)) == ["cake-1", "cake-3", "mug-1"]
    browse(model, "v: tea-7 elsewhere-1", batch=2)
    assert ids(list_for_visitor("v", limit=3)) == ["mug-1", "mug-2", "cake-1"], "no tea is popular yet"


def test_category_that_is_asked_for_goes_before_that_of_the_newest_product(
    model: Connection, goods: None, rank: Rank
) -> None:
    rank(popular=["mug-1", "cake-1", "cake-2"])
    browse(model, "v: cake-2")
    (item,) = list_for_visitor("v", category="mug")["items"]
    assert (item["productId"], item["reason"]["productId"], item["trace"]) == ("mug-1", None, None)


def test_full_list_is_not_filled_up(model: Connection, goods: None, rank: Rank) -> None:
    browse(model, *TOGETHER)
    browse(model, "v: tea-1", batch=2)
    rank(trending=["tea-5"])
    assert ids(list_for_visitor("v", limit=2)) == ["mug-1", "cake-1"]
    assert ids(list_for_visitor("v", limit=1)) == ["mug-1"]


def test_visitor_without_history_is_shown_trending_then_popular(
    model: Connection, goods: None, rank: Rank
) -> None:
    rank(trending=["tea-2", "tea-3"], popular=["tea-3", "mug-1", "tea-2", "mug-2"])

    content = list_for_visitor("nobody", limit=3)

    assert (content["visitorId"], content["version"]) == ("nobody", 0)
    assert ids(content) == ["tea-2", "tea-3", "mug-1"]
    assert kinds(content) == ["trending", "trending", "popular"]
    assert trending_products(limit=3)["items"] == content["items"]
    assert trending_products()["visitorId"] is None


def test_without_anything_known_the_list_is_empty(model: Connection, goods: None) -> None:
    assert list_for_visitor("nobody")["items"] == []


def test_suggestions_of_other_categories_do_not_eat_up_the_limit(
    model: Connection, goods: None, rank: Rank
) -> None:
    browse(
        model, "w1: tea-1 mug-1", "w2: tea-1 mug-1", "w3: tea-1 mug-2", "w4: tea-1 mug-2", "w5: tea-1 cake-1"
    )
    browse(model, "v: tea-1", batch=2)
    rank(trending=["mug-7", "cake-2"], popular=["tea-1", "cake-3"])

    assert ids(list_for_visitor("v", limit=2, category="cake")) == ["cake-1", "cake-2"]
    assert ids(list_for_visitor("v", limit=9, category="cake")) == ["cake-1", "cake-2", "cake-3"]
    assert ids(trending_products(limit=1, category="cake")) == ["cake-2"]
    assert ids(list_for_visitor("v", category="cheese")) == []


def test_version_is_the_time_of_the_newest_event_and_never_falls(model: Connection) -> None:
    assert version_of_list("v") == 0
    browse(model, "v: tea-1", batch=2)
    newest = int((START + timedelta(seconds=2000)).timestamp() * 1000)
    assert version_of_list("v") == newest
    browse(model, "v: tea-2", batch=1)
    assert version_of_list("v") == newest


def test_number_of_queries_does_not_grow_with_the_list(model: Connection, rank: Rank) -> None:
    products = [f"mug-{number}" for number in range(30)]
    category = Category.objects.create(slug="mugs", name="Mugs", hue=0, shape="mug", colour="red")
    Product.objects.bulk_create(
        Product(product_id=product, category=category, name=product, price=Decimal(5), stock=1, colour="red")
        for product in products
    )
    browse(model, "w: mug-0 mug-1")
    browse(model, "short: mug-1", batch=2)
    browse(model, "w2: " + " ".join(products), "long: mug-5 mug-6", batch=3)
    rank(trending=products[20:], popular=products)

    def queries(visitor: str, limit: int) -> int:
        forget()
        refresh()  # the experiments, which are read anew every two seconds
        with CaptureQueriesContext(connection) as captured:
            assert len(list_for_visitor(visitor, limit, "mugs")["items"]) == limit
        return len(captured)

    assert queries("short", 2) == queries("long", 24) == 1


def test_category_is_served_beyond_what_its_ranked_list_holds(
    model: Connection, goods: None, rank: Rank
) -> None:
    browse(model, "w1: tea-5 mug-2 mug-3", "w2: mug-3 mug-2 mug-4", "w3: mug-3")
    rank(popular=["tea-1", "mug-7"])
    assert ids(trending_products(category="mug")) == ["mug-7", "mug-3", "mug-2", "mug-4"]
    assert ids(trending_products(limit=2, category="mug")) == ["mug-7", "mug-3"]
    assert set(kinds(trending_products(category="mug"))) == {"popular"}
    assert ids(trending_products()) == ["tea-1", "mug-7"]


def test_hidden_products_are_neither_shown_nor_named(model: Connection, goods: None) -> None:
    browse(model, *TOGETHER)
    browse(model, "v: tea-1", batch=2)
    model.execute("UPDATE shop_product SET hidden = true WHERE product_id IN ('mug-1', 'tea-1')")
    (item,) = list_for_visitor("v")["items"]
    assert (item["productId"], item["reason"]["title"]) == ("cake-1", None)
