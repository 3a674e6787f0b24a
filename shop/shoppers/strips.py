"""The strips of recommendations that a loaded page shows: seen, and now and then clicked."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from shop.shoppers.sessions import Event, Visit, list_viewed, product_visit
from shop.shoppers.shelves import Good
from shop.shoppers.tastes import Taste

STRIP = re.compile(r'<recommendation-list[^>]* data-list="([^"]+)"(.*?)</recommendation-list>', re.DOTALL)
LINK = re.compile(r'data-product-id="([^"]+)" data-position="(\d+)"')
LIKED, OTHER = 0.12, 0.01
"""How often a shopper clicks a product of a strip that is to their taste, and one that is not."""


@dataclass(frozen=True, slots=True)
class Strip:
    list_id: str
    products: tuple[tuple[str, int], ...]
    """Each with its position."""


def strips_of(page: str) -> list[Strip]:
    """The strips that have something in them, as the server rendered them."""
    found = (
        Strip(list_id, tuple((product, int(position)) for product, position in LINK.findall(content)))
        for list_id, content in STRIP.findall(page)
    )
    return [strip for strip in found if strip.products]


def seen_in(strips: Sequence[Strip], url: str) -> list[Event]:
    """What the page's tracker says of them."""
    return [list_viewed(strip.list_id, strip.products, url) for strip in strips]


def clicks_in(
    strips: Sequence[Strip], taste: Taste, goods: Mapping[str, Good], random: Random, url: str, origin: str
) -> Iterator[Visit]:
    """The pages that the shopper goes on to from the strips; mostly none."""
    liked = {good.product_id for good in taste.liked}
    for strip in strips:
        for product_id, position in strip.products:
            good = goods.get(product_id)
            if good and random.random() < (LIKED if product_id in liked else OTHER):
                found = replace(good, list_id=strip.list_id, position=position)
                yield product_visit(found, origin + good.path, url)
