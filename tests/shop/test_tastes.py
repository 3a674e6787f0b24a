"""The planted tastes, which are what the recommendations are to find."""

from collections import Counter
from random import Random

import pytest

from shop.shoppers.tastes import LOYALTY, Taste, Theme, choose, plant_tastes
from tests.shop.shelves import small_shop


def tastes(seed: int = 1, count: int = 20) -> list[Taste]:
    return plant_tastes(small_shop(), count, Random(seed))


def test_same_seed_plants_the_same_tastes() -> None:
    assert tastes(seed=5) == tastes(seed=5)
    assert tastes(seed=5) != tastes(seed=6)


def test_taste_is_one_theme_within_two_or_three_categories() -> None:
    shelves = small_shop()
    for taste in tastes():
        assert len(taste.categories) in (2, 3)
        assert all(taste.theme.fits(good, shelves[good.category]) for good in taste.liked)


def test_taste_likes_all_that_fits_in_its_categories() -> None:
    shelves = small_shop()
    for taste in tastes():
        fitting = {g for c in taste.categories for g in shelves[c] if taste.theme.fits(g, shelves[c])}
        assert set(taste.liked) == fitting


def test_price_bands_are_thirds_of_a_category() -> None:
    shelf = small_shop()["cups"]
    bands = [
        [good.price for good in shelf if Theme("price", band).fits(good, shelf)] for band in ("cheap", "dear")
    ]
    assert bands == [[5, 6, 7, 8], [13, 14, 15, 16]]


def test_shopper_mostly_looks_at_what_they_like_and_at_some_oftener() -> None:
    taste, shelves, random = tastes()[0], small_shop(), Random(3)
    looked_at = Counter(choose(taste, shelves, random) for _ in range(4000))
    liked = sum(looked_at[good] for good in taste.liked) / 4000
    by_chance = len(taste.liked) / sum(map(len, shelves.values()))
    assert liked == pytest.approx(LOYALTY + (1 - LOYALTY) * by_chance, abs=0.03)
    assert looked_at[taste.liked[0]] > 1.5 * looked_at[taste.liked[-1]]


def test_shop_without_goods_cannot_plant_tastes() -> None:
    with pytest.raises(ValueError, match="load the catalogue"):
        plant_tastes({}, 1, Random(1))
