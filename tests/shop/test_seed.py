"""The demo catalogue itself, without a database."""

import hashlib
import json
import re
from functools import cache

import pytest

from shop.models import Product
from shop.seed.goods import demo_catalogue
from shop.seed.lists import category_words, departments
from shop.seed.prices import price_point

FIELDS = (
    *("product_id", "name", "brand", "description", "attributes", "price", "stock", "created_at"),
    *("shape", "colour", "pattern", "width", "height"),
)
FINGERPRINT = "f88b1989b755ecc7"
"""Changes with any word, price or draw of the catalogue: look at what changed, then put the new one here."""


@cache
def goods() -> list[Product]:
    return [product for _, products in demo_catalogue() for product in products]


def fingerprint() -> str:
    rows = [
        [category.slug, *(getattr(product, field) for field in FIELDS)]
        for category, products in demo_catalogue()
        for product in products
    ]
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()[:16]


def test_catalogue_is_the_same_every_time() -> None:
    assert fingerprint() == FINGERPRINT


def test_catalogue_is_large_enough() -> None:
    assert len(goods()) >= 600
    assert len({product.category.slug for product in goods()}) >= 24


@pytest.mark.parametrize("field", ["product_id", "name"])
def test_no_two_products_share(field: str) -> None:
    values = [getattr(product, field) for product in goods()]
    assert len(set(values)) == len(values)


def test_no_name_says_a_word_twice() -> None:
    for product in goods():
        words = re.findall(r"\w+", product.name.lower())
        assert len(set(words)) == len(words), product.name


def test_some_products_are_out_of_stock_and_some_nearly() -> None:
    assert 5 < sum(product.stock == 0 for product in goods()) < 60
    assert 20 < sum(product.low_in_stock for product in goods()) < 150


def test_every_description_has_three_sentences_and_no_empty_attribute() -> None:
    for product in goods():
        assert len(re.findall(r"[.!?](?:\s|$)", product.description)) >= 3, product.description
        assert all(name and value for name, value in product.attributes)


def test_every_colour_of_a_category_is_on_its_shelf() -> None:
    for slugs in departments().values():
        for slug in slugs:
            words = category_words(slug)
            shown = {product.colour for product in goods() if product.category.slug == slug}
            assert shown == set(words.colours), slug


@pytest.mark.parametrize(
    ("amount", "price"),
    [(8.4, "8.5"), (14.2, "13.95"), (39.4, "39"), (123, "125"), (433, "429")],
)
def test_prices_are_customary(amount: float, price: str) -> None:
    assert str(price_point(amount)) == price
