"""The arithmetic against published figures and against its own definition by simulation."""

import random
from math import exp

import pytest

from recommendations.experiments.statistics import (
    chance_of_counts,
    confidence_of_each,
    difference,
    visitors_needed,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_interval_of_a_share_is_the_published_one(
    successes: int, trials: int, low: float, high: float
) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (3, 2), (-1, 5)])
def test_where_there_is_no_share_there_is_no_interval(successes: int, trials: int) -> None:
    assert wilson(successes, trials) is None
    assert difference(successes, trials, 1, 2) is None
    assert difference(1, 2, successes, trials) is None


def test_all_and_none_end_at_the_ends() -> None:
    assert wilson(20, 20) == pytest.approx((0.8389, 1.0), abs=5e-5)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    # Newcombe 1998, "Interval estimation for the difference", table II, method 10.
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
    ],
)
def test_interval_of_a_difference_is_the_published_one(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    assert difference(*counts) == pytest.approx((low, high), abs=5e-5)


def test_so_many_visitors_find_the_effect_four_times_in_five() -> None:
    assert visitors_needed(0.05, 0.2) == 8158
    assert visitors_needed(0.05, 0.2, challengers=3) > visitors_needed(0.05, 0.2) * 1.2
    chance = random.Random(4)
    needed = visitors_needed(0.2, 0.5)

    def found() -> bool:
        control = sum(chance.random() < 0.2 for _ in range(needed))
        other = sum(chance.random() < 0.3 for _ in range(needed))
        interval = difference(other, needed, control, needed)
        return interval is not None and interval.low > 0

    assert sum(found() for _ in range(600)) / 600 == pytest.approx(0.8, abs=0.05)


def test_several_challengers_share_the_error() -> None:
    assert confidence_of_each(1) == pytest.approx(0.95)
    assert confidence_of_each(5) == pytest.approx(0.99)


@pytest.mark.parametrize(
    ("counts", "shares", "chance"),
    [
        ([520, 480], [1, 1], 0.2059),
        ([100, 100, 100], [1, 1, 1], 1.0),
        ([30, 10, 20], [1, 1, 1], exp(-5)),
        ([90, 10], [80, 20], 0.0124),
        ([40, 60, 50, 50], [1, 1, 1, 1], 0.2615),
        ([40, 60, 50, 50, 70], [1, 1, 1, 1, 1], exp(-260 / 54) * (1 + 260 / 54)),
    ],
)
def test_chance_of_uneven_arms_is_that_of_chi_square(
    counts: list[int], shares: list[float], chance: float
) -> None:
    assert chance_of_counts(counts, shares) == pytest.approx(chance, abs=5e-5)


@pytest.mark.parametrize(("counts", "shares"), [([4, 5], [50, 50]), ([100], [100]), ([0, 0], [50, 50])])
def test_too_few_to_tell_are_not_told_of(counts: list[int], shares: list[float]) -> None:
    assert chance_of_counts(counts, shares) is None
