"""Filters: what they leave, what each choice counts, and that their addresses are whole."""

import re
from itertools import product as every
from urllib.parse import parse_qs

import pytest
from django.http import QueryDict
from django.test import Client

from shop.finding.asked import Asked, asked_in
from shop.finding.facets import Choice, facets_of, filtered
from shop.models import Product
from shop.selectors import SORTS, products_shown

pytestmark = pytest.mark.usefixtures("stocked_shop")

NARROWED = "q=lamp&category=lamps&category=clocks&brand=Lowmoor&price=20-50&rating=4&stock=in&sort=price"


def ids_in(client: Client, address: str) -> list[str]:
    return re.findall(r'data-product-id="([^"]+)"', client.get(address).content.decode())


def by_value(choices: list[Choice]) -> dict[str, int]:
    return {choice.value: choice.count for choice in choices}


@pytest.fixture
def rated(stocked_shop: None) -> None:
    """Of the first forty mugs, by turns: none, 2, 4 and 5 stars."""
    for n, (stars, mug) in enumerate(every((None, 2, 4, 5), range(1, 11))):
        Product.objects.filter(product_id=f"mug-{4 * (mug - 1) + n // 10 + 1:03}").update(rating=stars)


@pytest.mark.usefixtures("rated")
@pytest.mark.parametrize(
    "asked",
    [
        Asked(),
        Asked(in_stock=True),
        Asked(band=1, stars=4),
        Asked(brands=("Lowmoor", "Tern & Tide"), in_stock=True),
        Asked(categories=("mugs", "lamps"), band=2),
        Asked(categories=("mugs",), stars=4, brands=("Lowmoor",)),
        Asked(brands=("no such maker",)),
    ],
)
def test_each_choice_counts_what_choosing_it_would_show(asked: Asked) -> None:
    shown = products_shown()
    facets = facets_of(shown, asked)

    def counted(**changes: object) -> int:
        return filtered(
            shown, Asked(**{**{n: getattr(asked, n) for n in Asked.__slots__}, **changes})
        ).count()

    assert facets.total == counted()
    assert by_value(facets.categories) == {
        choice.value: counted(categories=(choice.value,)) for choice in facets.categories
    }
    assert by_value(facets.brands) == {b.value: counted(brands=(b.value,)) for b in facets.brands}
    assert by_value(facets.stars) == {str(stars): counted(stars=stars) for stars in (4, 3, 2)}
    assert facets.in_stock.count == counted(in_stock=True)
    assert sum(by_value(facets.bands).values()) == counted(band=None)


def test_an_address_says_again_what_was_read_from_it() -> None:
    asked = asked_in(QueryDict(NARROWED), SORTS)
    assert parse_qs(asked.address()) == parse_qs(NARROWED)
    assert asked_in(QueryDict(asked.address()), SORTS) == asked


@pytest.mark.parametrize(
    "nonsense",
    ["price=9-10", "rating=9", "rating=x", "stock=out", "sort=zzz", "brand=", "category=%00", "price=²-"],
)
def test_what_cannot_be_asked_for_is_left_out(nonsense: str) -> None:
    assert asked_in(QueryDict(nonsense), SORTS) == Asked()


def test_filters_hold_together_and_across_pages(client: Client) -> None:
    Product.objects.filter(category__slug="mugs").update(stock=10)
    Product.objects.filter(product_id="mug-001").update(stock=0)
    pages = [ids_in(client, f"/c/mugs/?stock=in&page={page}") for page in (1, 2)]
    wanted = Product.objects.filter(category__slug="mugs", stock__gt=0).order_by(*SORTS["newest"][1])
    assert pages[0] + pages[1] == [product.product_id for product in wanted]
    html = client.get("/c/mugs/?stock=in&price=10-20").content.decode()
    assert 'aria-label="Without In stock"' in html
    assert 'aria-label="Without €10 to €20"' in html


def test_a_list_that_filters_emptied_says_how_to_go_on(client: Client) -> None:
    html = client.get("/search/?q=mug&category=lamps").content.decode()
    assert "Nothing is left with these filters" in html
    assert 'href="?q=mug"' in html
