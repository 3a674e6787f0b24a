"""The lists besides "for you": bought together, buy again, recently viewed, new arrivals, and what they add to it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from recommendations.models import Model
from recommendations.rules.models import ListName
from recommendations.selectors import (
    list_for_visitor,
    list_of_everybody,
    list_of_product,
    list_of_visitor,
    serve,
)
from tests.conftest import Connection
from tests.recommendations.conftest import Rank
from tests.recommendations.folding import browse
from tests.recommendations.goods import SOLD_OUT
from tests.recommendations.test_visitor_lists import TOGETHER, ids, kinds

pytestmark = pytest.mark.usefixtures("goods")


@pytest.fixture
def parameters(model: Connection) -> Iterator[Connection]:
    """A connection whose changes to the parameters are taken back."""
    yield model
    model.execute("UPDATE recommendations_parameters SET again = DEFAULT, exploration = DEFAULT")


def bought(model: Connection, visitor: str, product: str, times: int, first: int, last: int) -> None:
    """So many days ago."""
    model.execute(
        "INSERT INTO recommendations_purchase (visitor_id, product_id, times, first_at, last_at)"
        " VALUES (%s, %s, %s, now() - %s * interval '1 day', now() - %s * interval '1 day')",
        (visitor, product, times, first, last),
    )


def added(model: Connection, *products: str) -> None:
    """Into the shop, an hour after each other, the last one an hour ago."""
    for hours, product in enumerate(reversed(products), 1):
        model.execute(
            "UPDATE shop_product SET created_at = now() - %s * interval '1 hour' WHERE product_id = %s",
            (hours, product),
        )


def test_together_is_what_baskets_and_orders_hold(model: Connection) -> None:
    browse(model, "w1: tea-1 mug-1", "w2: tea-1 mug-1", f"w3: tea-1 {SOLD_OUT}", event="Product Added")
    browse(model, "w4: tea-1 cake-1", event="Product Viewed", batch=2)
    content = list_of_product(ListName.TOGETHER, "tea-1")
    assert ids(content) == ["mug-1"]
    assert content["items"][0]["reason"] == {
        "kind": "together",
        "productId": "tea-1",
        "title": "Tea number 1",
        "category": None,
    }
    assert ids(list_of_product(ListName.TOGETHER, "tea-1", category="cake")) == []
    assert ids(list_of_product(ListName.TOGETHER, "cake-1")) == []


def test_again_puts_first_what_is_due_by_the_visitors_own_rhythm(model: Connection) -> None:
    bought(model, "v", "tea-1", times=4, first=40, last=10)  # each 10 days, 10 days ago
    bought(model, "v", "tea-2", times=4, first=31, last=1)  # each 10 days, yesterday
    bought(model, "v", "tea-3", times=4, first=130, last=100)  # each 10 days, long ago
    bought(model, "v", "mug-1", times=1, first=10, last=10)  # no rhythm
    bought(model, "v", SOLD_OUT, times=4, first=40, last=10)
    bought(model, "other", "mug-2", times=4, first=40, last=10)
    content = list_of_visitor(ListName.AGAIN, "v")
    assert ids(content) == ["tea-1", "tea-2", "tea-3"]
    assert set(kinds(content)) == {"again"}
    scores = [item["score"] for item in content["items"]]
    assert scores[0] == pytest.approx(scores[1] * 10, rel=1e-3)
    assert (content["visitorId"], content["version"]) == ("v", 0)


def test_bought_once_is_due_by_the_products_rhythm(model: Connection) -> None:
    bought(model, "v", "tea-1", times=1, first=20, last=20)
    bought(model, "v", "tea-2", times=0, first=20, last=20)  # given back
    model.execute("INSERT INTO recommendations_productrhythm VALUES ('tea-1', 5, 100), ('tea-2', 5, 100)")
    assert ids(list_of_visitor(ListName.AGAIN, "v")) == ["tea-1"]


def test_what_is_due_stands_among_what_is_for_you(parameters: Connection) -> None:
    browse(parameters, *TOGETHER)
    browse(parameters, "v: tea-1", batch=2)
    bought(parameters, "v", "cake-9", times=4, first=40, last=10)
    bought(parameters, "v", "cake-8", times=4, first=31, last=1)  # not due

    def with_share(share: float) -> dict[str, Any]:
        parameters.execute("UPDATE recommendations_parameters SET again = %s", (share,))
        return list_for_visitor("v")

    assert ids(with_share(0)) == ["mug-1", "cake-1"]
    assert ids(with_share(0.9)) == ["mug-1", "cake-9", "cake-1"]
    content = with_share(1.1)
    assert ids(content) == ["cake-9", "mug-1", "cake-1"]
    assert kinds(content) == ["again", "viewed", "viewed"]
    assert content["items"][0]["trace"] is None


def test_what_was_bought_is_no_longer_suggested_unless_it_is_used_up(model: Connection, rank: Rank) -> None:
    browse(model, *TOGETHER)
    browse(model, "v: tea-1", "friend: tea-1", batch=2)
    rank(popular=["mug-5", "cake-5", "mug-6"])
    assert ids(list_for_visitor("v")) == ["mug-1", "cake-1", "mug-5", "cake-5", "mug-6"]

    for product in ("mug-1", "cake-1", "mug-5", "cake-5"):
        bought(model, "v", product, times=1, first=10, last=10)

    assert ids(list_for_visitor("v")) == ["cake-1", "cake-5", "mug-6"], "mugs last, cakes do not"
    assert ids(list_for_visitor("friend"))[0] == "mug-1"
    model.execute("UPDATE recommendations_purchase SET times = 0 WHERE product_id = 'mug-1'")
    assert ids(list_for_visitor("v"))[0] == "mug-1", "given back, it is suggested again"


def test_what_one_bought_is_not_suggested_to_the_same_person_elsewhere(model: Connection) -> None:
    browse(model, *TOGETHER)
    browse(model, "v: tea-1", batch=2)
    bought(model, "on the phone", "mug-1", times=1, first=10, last=10)
    assert "mug-1" in ids(list_for_visitor("v"))
    for visitor in ("v", "on the phone"):
        model.execute(
            'INSERT INTO recommendations_visitorperson (visitor_id, person_id, partition, "offset", appended_at)'
            " VALUES (%s, 'p', 0, 0, now())",
            (visitor,),
        )
    assert "mug-1" not in ids(list_for_visitor("v"))


def test_what_lasts_is_never_due_again(model: Connection) -> None:
    bought(model, "v", "mug-1", times=4, first=40, last=10)
    assert ids(list_of_visitor(ListName.AGAIN, "v")) == []


def test_recently_viewed_is_the_history_newest_first(model: Connection) -> None:
    browse(model, "v: tea-1 mug-1 tea-1 cake-1 elsewhere-1")
    content = list_of_visitor(ListName.RECENT, "v")
    assert ids(content) == ["cake-1", "tea-1", "mug-1"]
    assert set(kinds(content)) == {"recent"}
    assert content["items"][0]["trace"]["eventId"] == "v cake-1 1003"
    assert content["version"] == list_for_visitor("v")["version"]
    assert ids(list_of_visitor(ListName.RECENT, "nobody")) == []


def test_new_arrivals_come_newest_first(model: Connection) -> None:
    added(model, "cake-5", "mug-5", SOLD_OUT)
    model.execute("UPDATE shop_product SET created_at = now() + interval '1 day' WHERE product_id = 'mug-6'")
    content = list_of_everybody(ListName.NEW, limit=2)
    assert ids(content) == ["mug-5", "cake-5"]
    assert set(kinds(content)) == {"new"}
    assert ids(list_of_everybody(ListName.NEW, limit=1, category="cake")) == ["cake-5"]


def test_one_place_in_twelve_shows_something_new(parameters: Connection, rank: Rank) -> None:
    """Which visitors see it among the first six, and where, is decided by their hash."""
    browse(parameters, "w: " + " ".join(f"mug-{number}" for number in range(1, 31)))
    browse(parameters, *(f"v{number}: mug-1" for number in range(60)), batch=3)
    rank(new=["tea-7", "tea-8", "tea-9"])

    lists = [list_for_visitor(f"v{number}", limit=5) for number in range(60)]
    explored = [
        (place, item["productId"])
        for content in lists
        for place, item in enumerate(content["items"])
        if item["reason"]["kind"] == "exploration"
    ]

    assert all(kinds(content).count("exploration") <= 1 for content in lists)
    assert 0 < len(explored) < 60, "a place in twelve, of which five are shown"
    assert {product for _, product in explored} == {"tea-7", "tea-8", "tea-9"}
    assert len({place for place, _ in explored}) > 1
    again = [list_for_visitor(f"v{number}", limit=5) for number in range(60)]
    assert again == lists, "nothing is by chance"

    parameters.execute("UPDATE recommendations_parameters SET exploration = 0")
    assert "exploration" not in kinds(list_for_visitor("v1", limit=50))


def test_what_was_seen_is_not_explored(parameters: Connection, rank: Rank) -> None:
    parameters.execute("UPDATE recommendations_parameters SET exploration = 1")
    rank(new=["mug-2"])
    browse(parameters, "v: mug-2 mug-1", "w: mug-3 mug-4")
    assert kinds(list_for_visitor("v")) == []
    assert kinds(list_for_visitor("w")) == ["exploration"]


def test_nobody_known_is_shown_what_is_popular_where_they_came_from(model: Connection, rank: Rank) -> None:
    rank(trending=["tea-1"])
    model.execute(
        "INSERT INTO recommendations_rankedproduct (kind, category, rank, product_id, score, as_of)"
        " VALUES ('origin', 'example.org', 1, 'mug-1', 3, now()), ('origin', 'example.org', 2, 'tea-1', 2, now())"
    )
    model.execute("INSERT INTO recommendations_visitororigin VALUES ('v', 'example.org', 0, now())")
    content = list_for_visitor("v")
    assert ids(content) == ["mug-1", "tea-1"]
    assert content["items"][0]["reason"] == {
        "kind": "origin",
        "productId": None,
        "title": None,
        "category": "example.org",
    }
    assert ids(list_for_visitor("another")) == ["tea-1"]


def test_experiments_model_scores_what_the_visitor_looked_at(model: Connection) -> None:
    """Another model's similar products, the live one's visitor; and nothing of it stays for the next list."""
    browse(model, *TOGETHER)
    browse(model, "v: tea-1", batch=2)
    with connection.cursor() as cursor:  # the test's own transaction, which is rolled back
        cursor.execute("CREATE SCHEMA bold")
        cursor.execute(
            "CREATE TABLE bold.recommendations_similarproducts (LIKE recommendations_similarproducts)"
        )
        cursor.execute(
            "INSERT INTO bold.recommendations_similarproducts (product_id, as_of, other_ids, scores)"
            " VALUES ('tea-1', now(), '{cake-7}', '{0.5}')"
        )
    bold = Model.objects.create(name="bold", schema="bold", state=Model.State.READY)
    asked = {"list": "visitor", "visitor": "v", "limit": 12}
    content = serve(asked | {"model": "bold"})
    assert (ids(content), kinds(content)) == (["cake-7"], ["viewed"])
    assert content["items"][0]["trace"]["eventId"] == "v tea-1 2000"
    assert ids(serve(asked)) == ["mug-1", "cake-1"]
    bold.state = Model.State.FOLDING
    bold.save()
    assert ids(serve(asked | {"model": "bold"})) == ["mug-1", "cake-1"]


def test_experiments_parameters_hold_for_its_visitors_alone(parameters: Connection, rank: Rank) -> None:
    rank(new=["tea-7"])
    browse(parameters, "v: mug-1", "w: mug-1 mug-2 mug-3")
    asked = {"list": "visitor", "visitor": "v", "limit": 12}
    assert "exploration" in kinds(serve(asked))
    assert "exploration" not in kinds(serve(asked | {"parameters": {"exploration": 0}}))
