"""Search: by words in any form, by misspelt ones, and by what nobody would type."""

import pytest
from django.db.models import F
from django.test import Client

from shop.finding.search import Match, search
from shop.models import Category, Product

pytestmark = pytest.mark.usefixtures("stocked_shop")


def names_of(query: str) -> list[str]:
    return [product.name for product in search(query).products.order_by(F("relevance").desc())]


def test_search_finds_every_word_in_name_brand_or_category() -> None:
    found = search("tern MUG ink").products
    assert found
    for product in found:
        everywhere = f"{product.name} {product.brand} {product.category.name}".lower()
        assert all(word in everywhere for word in ("tern", "mug", "ink"))


@pytest.mark.parametrize("query", ["mug", "mugs", "MUGS", "the mug", "mu", "Múg"])
def test_search_takes_a_word_in_its_forms(query: str) -> None:
    assert Product.objects.get(product_id="mug-001") in search(query).products


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        *(("lmap", "lamp"), ("mgu", "mug"), ("umbrela", "umbrella"), ("watring can", "watering can")),
        *(("kandle", "candle"), ("nug", "mug"), ("cushoin", "cushion"), ("stonware mugs", "stoneware mugs")),
    ],
)
def test_search_forgives(query: str, meant: str) -> None:
    found = search(query)
    assert (found.match, found.words) == (Match.MENDED, meant)
    assert set(found.products) == set(search(meant).products) != set()


def test_a_word_that_finds_something_is_never_mended() -> None:
    Product.objects.filter(product_id="mug-001").update(name="The Lanp")
    assert search("lanp").match == Match.EXACT
    assert names_of("lanp") == ["The Lanp"]


def test_nothing_is_mended_to_what_is_hidden_or_gone() -> None:
    Product.objects.filter(product_id="mug-001").update(name="Xylofone")
    assert search("xylophone").words == "xylofone"
    Product.objects.filter(product_id="mug-001").update(hidden=True)
    assert not search("xylophone").products.exists()


def test_products_with_some_of_the_words_are_shown_where_none_has_all() -> None:
    found = search("umbrella teapot")
    assert found.match == Match.SOME
    assert found.products.exists()


def test_a_name_weighs_more_than_a_description() -> None:
    Product.objects.filter(product_id="mug-001").update(description="Goes well with a zither.")
    Product.objects.filter(product_id="mug-002").update(name="Zither")
    assert [p.product_id for p in search("zither").products.order_by(F("relevance").desc())] == [
        "mug-002",
        "mug-001",
    ]


def test_an_article_is_found_by_its_number() -> None:
    assert [product.product_id for product in search("MUG-001").products] == ["mug-001"]


def test_what_is_renamed_is_found_by_its_new_name_and_no_longer_by_the_old() -> None:
    Category.objects.filter(slug="mugs").update(name="Beakers")
    Product.objects.filter(product_id="mug-001").update(name="Quaich", description="For whisky.")
    assert "Quaich" in names_of("beaker")
    assert "Quaich" in names_of("quaich")
    assert "Quaich" not in names_of("mugs")


@pytest.mark.parametrize("query", ["", "   ", "zzzzzz", "%", "_", "\\", "the", ":*", "!", "| & ()"])
def test_search_finds_nothing_for(query: str) -> None:
    assert not search(query).products.exists()


def test_wildcards_are_letters_like_any_other() -> None:
    Product.objects.filter(product_id="mug-001").update(name="Mug, 100% wool_like")
    assert "mug-001" in {p.product_id for p in search("100%").products}
    assert [p.product_id for p in search("wool_like").products] == ["mug-001"]


@pytest.mark.parametrize(
    "query", ["<script>alert(1)</script>", "qqq\x00zzz", "x" * 5000, "' OR 1=1 --", "'':*"]
)
def test_search_page_stands_anything(client: Client, query: str) -> None:
    answer = client.get("/search/", {"q": query})
    assert answer.status_code == 200
    assert b"<script>alert(1)" not in answer.content


def test_search_page_says_what_it_searched_for_instead(client: Client) -> None:
    html = client.get("/search/?q=umbrela").content.decode()
    assert "these are for <strong>umbrella</strong>" in html
    assert "Nothing found" in client.get("/search/?q=zzzzzz").content.decode()


def test_search_pages_keep_the_query(client: Client) -> None:
    html = client.get("/search/?q=lamp+light").content.decode()
    assert 'value="lamp light"' in html
    assert 'href="?q=lamp+light&amp;page=2"' in html
