"""The drawings."""

from functools import cache
from xml.etree import ElementTree

import pytest

from shop.art.palette import COLOURS, lightness
from shop.art.patterns import PATTERNS
from shop.art.pictures import SHAPES, draw, picture_version
from shop.models import Product
from shop.seed.goods import demo_catalogue


@cache
def goods() -> list[Product]:
    return [product for _, products in demo_catalogue() for product in products]


def picture_of(product: Product) -> str:
    return draw(
        shape=product.shape,
        colour=product.colour,
        pattern=product.pattern,
        hue=product.category.hue,
        width=product.width,
        height=product.height,
    )


def test_every_product_has_a_well_formed_picture_that_fetches_nothing() -> None:
    for product in goods():
        svg = picture_of(product)
        root = ElementTree.fromstring(svg)  # noqa: S314  (drawn here, a moment ago)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "href" not in svg
        assert svg.count("url(") == svg.count("url(#pattern)")
        assert ("url(#pattern)" not in svg) or ('id="pattern"' in svg)


def test_every_category_has_a_shape_of_its_own() -> None:
    shapes = [category.shape for category, _ in demo_catalogue()]
    assert len(set(shapes)) == len(shapes)


def test_every_shape_is_of_some_product() -> None:
    assert {product.shape for product in goods()} == set(SHAPES)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_colour_shows(shape: str) -> None:
    red, blue = (draw(shape=shape, colour=colour, pattern="plain", hue=0) for colour in ("rust", "ink"))
    assert red != blue


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_pattern_is_well_formed_in_every_colour(pattern: str) -> None:
    for colour in COLOURS:
        ElementTree.fromstring(draw(shape="mug", colour=colour, pattern=pattern, hue=0))  # noqa: S314


def test_version_follows_the_looks() -> None:
    assert picture_version("mug", "ink") == picture_version("mug", "ink")
    assert picture_version("mug", "ink") != picture_version("mug", "rust")


def test_lightness_stays_within_the_colours_there_are() -> None:
    assert lightness("#808080", 1) == "#808080"
    assert lightness("#808080", 0.5) == "#404040"
    assert lightness("#ffffff", 1.9) < "#ffffff"
