"""The operator's rules, as the lists obey them."""

from collections.abc import Callable
from typing import Any

import pytest

from recommendations.rules.models import ListName, Rule
from recommendations.selectors import (
    list_for_products,
    list_for_visitor,
    serve,
    similar_products,
    trending_products,
)
from tests.conftest import Connection
from tests.recommendations.conftest import Rank
from tests.recommendations.folding import browse
from tests.recommendations.goods import SOLD_OUT
from tests.recommendations.test_visitor_lists import ids, kinds

Kind = Rule.Kind
Make = Callable[..., Rule]

LOOKED = (
    *("w1: tea-1 mug-1", "w2: tea-1 mug-1", "w3: tea-1 mug-1", "w4: tea-1 mug-2", "w5: tea-1 mug-2"),
    *("w6: tea-1 cake-1", "w7: tea-1 cake-1", "w8: tea-1 mug-3"),
)


@pytest.fixture
def shop(model: Connection, goods: None, rank: Rank) -> Connection:
    browse(model, *LOOKED)
    browse(model, "v: tea-1", batch=2)
    rank(popular=["cake-5", "mug-5", "tea-5"])
    return model


@pytest.fixture
def rule(shop: Connection) -> Make:
    def make(kind: str, **values: Any) -> Rule:
        return Rule.objects.create(name=f"rule {Rule.objects.count()}", kind=kind, **values)

    return make


def test_without_rules(shop: Connection) -> None:
    assert ids(list_for_visitor("v")) == ["mug-1", "cake-1", "mug-2", "mug-3", "tea-5", "cake-5", "mug-5"]


def test_rule_that_changes_nothing_changes_nothing(rule: Make) -> None:
    before = [list_for_visitor("v", limit) for limit in (1, 4, 7, 12)]
    everywhere = trending_products()["items"]
    of_mugs = list_for_visitor("v", category="mug")
    rule(Kind.BOOST, categories=["no such"], factor=2)
    assert [list_for_visitor("v", limit) for limit in (1, 4, 7, 12)] == before
    assert trending_products()["items"] == everywhere
    assert list_for_visitor("v", category="mug") == of_mugs


def test_left_out_by_name_category_and_price(rule: Make) -> None:
    rule(Kind.HIDE, products=["mug-1"])
    assert ids(list_for_visitor("v")) == ["cake-1", "mug-2", "mug-3", "tea-5", "cake-5", "mug-5"]
    hidden = rule(Kind.HIDE, categories=["mug"], products=["tea-5"])
    assert ids(list_for_visitor("v")) == ["cake-1", "cake-5"]
    hidden.delete()
    rule(Kind.HIDE, price_from=12)
    assert ids(list_for_visitor("v")) == []


def test_left_out_what_was_bought_and_what_is_in_the_basket(rule: Make, shop: Connection) -> None:
    browse(shop, "v: cake-1", event="Order Completed", batch=5)
    browse(shop, "v: mug-1 mug-2", event="Product Added", batch=6)
    browse(shop, "v: mug-2", event="Product Removed", batch=7)
    browse(shop, "v: cake-5", event="Order Completed", batch=8)
    shop.execute(
        "UPDATE recommendations_visitorlist SET seen = '{tea-1}', events = '[]', items = ("
        " SELECT items FROM recommendations_visitorlist WHERE visitor_id = 'w8') WHERE visitor_id = 'v'"
    )
    everything = ids(list_for_visitor("v"))
    assert {"cake-1", "mug-1", "mug-2", "cake-5"} <= set(everything)
    bought = rule(Kind.HIDE, bought=True)
    assert set(everything) - set(ids(list_for_visitor("v"))) == {"cake-1", "cake-5"}
    bought.delete()
    rule(Kind.HIDE, in_basket=True)
    assert set(everything) - set(ids(list_for_visitor("v"))) == {"mug-1"}


def test_only_these(rule: Make, shop: Connection) -> None:
    shop.execute("UPDATE shop_product SET price = 30 WHERE product_id = 'mug-1'")
    rule(Kind.ONLY, categories=["mug"], price_to=20)
    assert ids(list_for_visitor("v")) == ["mug-2", "mug-3", "mug-5"]


def test_boost_and_bury_move_within_what_was_suggested(rule: Make) -> None:
    rule(Kind.BOOST, categories=["cake"], factor=10)
    rule(Kind.BOOST, products=["mug-1"], factor=0.01)
    content = list_for_visitor("v")
    assert ids(content) == ["cake-1", "mug-2", "mug-3", "mug-1", "tea-5", "cake-5", "mug-5"]
    assert ids(trending_products(limit=2)) == ["cake-5", "mug-5"]


def test_pinned_stands_at_its_place(rule: Make) -> None:
    rule(Kind.PIN, products=["cake-7", "mug-2"], place=2)
    rule(Kind.PIN, products=["cake-8"], place=40)
    rule(Kind.PIN, products=[SOLD_OUT, "no-such", "tea-1"], place=1)
    content = list_for_visitor("v")
    assert ids(content) == [
        *("mug-1", "cake-7", "mug-2", "cake-1", "mug-3", "tea-5", "cake-5", "mug-5", "cake-8"),
    ]
    assert kinds(content)[1:3] == ["pinned", "viewed"]
    assert ids(list_for_visitor("v", limit=3)) == ["mug-1", "cake-7", "mug-2"]


def test_two_pins_at_one_place_stand_one_after_the_other(rule: Make) -> None:
    rule(Kind.PIN, products=["cake-7"], place=1)
    rule(Kind.PIN, products=["cake-8"], place=1)
    rule(Kind.PIN, products=["cake-9"], place=3)
    found = ids(list_for_visitor("v", limit=4))
    assert set(found[:2]) == {"cake-7", "cake-8"}
    assert found[2:] == ["cake-9", "mug-1"]


def test_no_more_than_a_few_of_a_category(rule: Make) -> None:
    diversity = rule(Kind.DIVERSITY, most=1)
    assert ids(list_for_visitor("v")) == ["mug-1", "cake-1", "tea-5"]
    diversity.categories = ["mug"]
    diversity.save()
    assert ids(list_for_visitor("v")) == ["mug-1", "cake-1", "tea-5", "cake-5"]


def test_price_band_around_the_newest_product(rule: Make, shop: Connection) -> None:
    shop.execute("UPDATE shop_product SET price = 20 WHERE product_id IN ('tea-1', 'mug-2')")
    shop.execute("UPDATE shop_product SET price = 100 WHERE product_id = 'cake-1'")
    rule(Kind.BAND, price_from=0.75, price_to=2)
    assert ids(list_for_visitor("v")) == ["mug-2"]
    assert ids(list_for_products(["tea-1"])) == ["mug-2"]
    assert ids(trending_products()) == ["cake-5", "mug-5", "tea-5"], "there is no newest product"


def test_rule_holds_for_its_lists_its_time_and_its_set(rule: Make) -> None:
    hidden = rule(Kind.HIDE, products=["mug-1"], lists=[ListName.SIMILAR])
    assert "mug-1" in ids(list_for_visitor("v"))
    assert "mug-1" not in ids(similar_products("tea-1"))
    for change in (
        {"is_active": False},
        {"is_active": True, "starts_at": "2999-01-01T00:00:00Z"},
        {"starts_at": None, "ends_at": "2000-01-01T00:00:00Z"},
        {"ends_at": None, "in_set": "bold"},
    ):
        Rule.objects.filter(pk=hidden.pk).update(**change)
        assert "mug-1" in ids(similar_products("tea-1")), change
    in_the_set = serve({"list": "similar", "product": "tea-1", "limit": 12, "ruleSet": "bold"})
    assert "mug-1" not in ids(in_the_set)


def test_draft_stands_in_place_of_the_rules_that_hold(rule: Make) -> None:
    rule(Kind.HIDE, categories=["mug"])
    draft = Rule(name="draft", kind=Kind.HIDE, products=["cake-1"])
    asked = {"list": "visitor", "visitor": "v", "limit": 3}
    assert ids(serve(asked | {"rules": [draft.as_json()]})) == ["mug-1", "mug-2", "mug-3"]
    assert ids(serve(asked | {"rules": []})) == ["mug-1", "cake-1", "mug-2"]
