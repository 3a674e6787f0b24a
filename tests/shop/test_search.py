import pytest
from django.test import Client

from shop.models import Product
from shop.selectors import search_products

pytestmark = pytest.mark.usefixtures("stocked_shop")


def test_search_finds_every_word_in_name_brand_or_category() -> None:
    found = search_products("tern MUG ink")
    assert found
    for product in found:
        everywhere = f"{product.name} {product.brand} {product.category.name}".lower()
        assert all(word in everywhere for word in ("tern", "mug", "ink"))


@pytest.mark.parametrize("query", ["", "   ", "zzzzzz", "%", "_", "\\"])
def test_search_finds_nothing_for(query: str) -> None:
    assert not search_products(query).exists()


def test_wildcards_are_letters_like_any_other() -> None:
    Product.objects.filter(product_id="mug-001").update(name="Mug, 100% wool_like")
    assert [p.product_id for p in search_products("100%")] == ["mug-001"]
    assert [p.product_id for p in search_products("wool_like")] == ["mug-001"]


@pytest.mark.parametrize("query", ["<script>alert(1)</script>", "qqq\x00zzz", "x" * 5000, "' OR 1=1 --"])
def test_search_page_stands_anything(client: Client, query: str) -> None:
    answer = client.get("/search/", {"q": query})
    assert answer.status_code == 200
    assert b"<script>alert(1)" not in answer.content
    assert b"Nothing found" in answer.content


def test_search_pages_keep_the_query(client: Client) -> None:
    html = client.get("/search/?q=lamp+%26+light").content.decode()
    assert 'value="lamp &amp; light"' in html
    assert 'href="?q=lamp+%26+light&amp;page=2"' in html
