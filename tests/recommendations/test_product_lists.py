"""The lists that start from products: for somebody whose newest products are known, and of one product."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recommendations.selectors import list_for_products, similar_products
from tests.conftest import Connection
from tests.recommendations.conftest import Rank
from tests.recommendations.folding import START, browse
from tests.recommendations.goods import SOLD_OUT
from tests.recommendations.test_visitor_lists import ids
from tracking.events import format_timestamp

LATER = START + timedelta(days=45)


@pytest.fixture
def looked(model: Connection, goods: None) -> None:
    """Teas are looked at with mug 1, mugs with cake 1; and both with what the catalogue does not know."""
    browse(
        model,
        "w1: tea-1 mug-1",
        "w2: tea-1 mug-1 elsewhere-1",
        "w3: mug-2 cake-1",
        "w4: mug-2 cake-1",
        f"w5: mug-2 {SOLD_OUT}",
    )


def reasons(content: dict[str, Any]) -> dict[str, str]:
    return {item["productId"]: item["reason"]["productId"] for item in content["items"]}


def test_newest_product_counts_most(looked: None) -> None:
    assert ids(list_for_products(["tea-1", "mug-2"])) == ["cake-1", "mug-1"]
    assert ids(list_for_products(["mug-2", "tea-1"])) == ["mug-1", "cake-1"]


def test_list_belongs_to_nobody_and_has_no_trace(looked: None) -> None:
    content = list_for_products(["tea-1", "mug-2"])
    assert (content["type"], content["visitorId"], content["version"]) == ("recommendations", None, 0)
    assert [item["trace"] for item in content["items"]] == [None, None]
    assert reasons(content) == {"cake-1": "mug-2", "mug-1": "tea-1"}
    assert content["items"][0]["reason"]["title"] == "Mug number 2"


def test_given_products_are_left_out_of_suggestions_and_of_what_fills_up(looked: None, rank: Rank) -> None:
    rank(popular=["tea-1", "mug-1", "cake-7"])
    assert ids(list_for_products(["mug-1", "tea-1"])) == ["cake-7"]


def test_list_is_filled_up_from_the_category_of_the_newest_product_first(looked: None, rank: Rank) -> None:
    rank(popular=["cake-5", "tea-5", "mug-5"])
    content = list_for_products(["tea-1", "mug-50"])
    assert ids(content) == ["mug-1", "mug-5", "cake-5", "tea-5"]
    assert content["items"][1]["reason"] == {
        "kind": "popular",
        "productId": "mug-50",
        "title": "Mug number 50",
        "category": "Mugs",
    }
    assert content["items"][1]["trace"] is None


def test_product_named_twice_counts_where_it_is_newest(looked: None) -> None:
    assert (
        list_for_products(["tea-1", "mug-2", "tea-1"])["items"]
        == list_for_products(["mug-2", "tea-1"])["items"]
    )


def test_limit_and_category(looked: None, rank: Rank) -> None:
    rank(popular=["cake-9", "mug-9"])
    assert ids(list_for_products(["tea-1", "mug-2"], limit=1)) == ["cake-1"]
    assert ids(list_for_products(["tea-1", "mug-2"], limit=1, category="mug")) == ["mug-1"]
    assert ids(list_for_products(["tea-1", "mug-2"], category="mug")) == ["mug-1", "mug-9"]


def test_unlisted_gives_bare_ids_and_nothing_to_fill_up(looked: None, rank: Rank) -> None:
    rank(popular=["cake-9"])
    content = list_for_products(["tea-1", "mug-2"], unlisted=True)
    assert set(ids(content)) == {"cake-1", SOLD_OUT, "mug-1", "elsewhere-1"}
    assert set(content["items"][0]) == {"productId", "score", "reason", "trace"}
    assert ids(list_for_products(["tea-1", "mug-2"], limit=2, unlisted=True)) == ids(content)[:2]


def test_as_of_is_computed_from_the_facts_by_the_formula(model: Connection, looked: None) -> None:
    model.execute("DELETE FROM recommendations_similarproducts")  # what is stored must not be asked
    content = list_for_products(["tea-1", "mug-2"], as_of=LATER, unlisted=True)
    scored = model.execute(
        "SELECT product_id, score FROM recommendations_score(%s, %s)", (["mug-2", "tea-1"], LATER)
    ).fetchall()
    assert len(scored) == 4
    assert [(item["productId"], item["score"]) for item in content["items"]] == scored
    assert content["asOf"] == "2026-04-15T00:00:00.000Z"


def test_score_fades_as_time_goes_by(looked: None) -> None:
    def best_score(as_of: datetime) -> float:
        score: float = list_for_products(["tea-1"], as_of=as_of)["items"][0]["score"]
        return score

    assert best_score(LATER) < best_score(START + timedelta(hours=1))


def test_similar_products_are_those_that_spark_stored(model: Connection, looked: None) -> None:
    content = similar_products("tea-1")
    stored = model.execute(
        "SELECT as_of, other_ids, scores FROM recommendations_similarproducts WHERE product_id = 'tea-1'"
    ).fetchone()
    assert stored is not None
    as_of, others, scores = stored
    assert others == ["mug-1", "elsewhere-1"]
    assert [(item["productId"], item["score"]) for item in content["items"]] == [("mug-1", scores[0])]
    assert reasons(content) == {"mug-1": "tea-1"}
    assert content["asOf"] == format_timestamp(as_of)


def test_similar_products_of_one_category_up_to_the_limit(model: Connection, goods: None) -> None:
    browse(
        model,
        "w1: tea-1 mug-1",
        "w2: tea-1 mug-1",
        "w3: tea-1 cake-1",
        "w4: tea-1 cake-1",
        "w5: tea-1 cake-2",
    )
    assert ids(similar_products("tea-1", limit=1, category="mug")) == ["mug-1"]
    assert ids(similar_products("tea-1", category="cake")) == ["cake-1", "cake-2"]
    assert ids(similar_products("tea-1", limit=2)) == ["cake-1", "mug-1"]


def test_product_that_nobody_looked_at_has_no_similar_ones(looked: None, rank: Rank) -> None:
    rank(popular=["tea-7"])
    content = similar_products("mug-50")
    assert content["items"] == []
    assert datetime.now(UTC) - datetime.fromisoformat(content["asOf"]) < timedelta(minutes=1)
