"""Makes the demo catalogue's sample reviews: unsaved, equal on every call. They have no user, and pages say so."""

import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from shop.models import Product, Review
from shop.seed.chance import Chance
from shop.seed.goods import NEWEST

MOST_REVIEWS = 14
SAID: dict[int, dict[str, list[str]]] = {
    int(stars): said
    for stars, said in tomllib.loads(Path(__file__).with_name("reviews.toml").read_text()).items()
}
"""By stars: titles, each with the texts that go with it."""
STARS_BY_QUALITY = ((5, 5, 5, 4, 4), (5, 5, 4, 4, 4), (5, 5, 4, 4, 3), (5, 4, 4, 3, 2), (4, 3, 3, 2, 1))
"""Most goods are liked, a few are not: products differ in which of these their reviews are drawn from."""


def sample_reviews(product: Product) -> Iterator[Review]:
    """None for one product in five."""
    chance = Chance(f"reviews of {product.product_id}")
    if chance.happens(0.2):
        return
    stars_given = chance.pick(STARS_BY_QUALITY)
    said: set[str] = set()
    for _ in range(1 + chance.below(MOST_REVIEWS)):
        stars = chance.pick(stars_given)
        title = chance.pick(list(SAID[stars]))
        text = chance.pick(SAID[stars][title])
        hours = max(int((NEWEST - product.created_at).total_seconds() // 3600), 1)
        written_at = product.created_at + timedelta(hours=chance.below(hours))
        # The same words twice under one product would read like a machine: the second says nothing but its stars.
        yield Review(
            product=product,
            rating=stars,
            title=title,
            text="" if text in said else text,
            written_at=written_at,
        )
        said.add(text)
