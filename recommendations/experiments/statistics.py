"""The arithmetic of shares: their intervals, their differences, how many visitors it takes, and whether arms are even.

Sources: Wilson 1927 (interval of a share); Newcombe 1998, method 10 (interval of a difference); Fleiss, Levin and Paik,
Statistical Methods for Rates and Proportions, chapter 4 (sample size); Pearson 1900 (chi-square).
"""

from collections.abc import Sequence
from math import ceil, erfc, exp, gamma, sqrt
from statistics import NormalDist
from typing import NamedTuple

CONFIDENCE = 0.95
POWER = 0.8
UNEVEN_BELOW = 0.001
"""Arms that come out this uneven by chance once in a thousand times are taken for a fault of the experiment."""


class Interval(NamedTuple):
    low: float
    high: float


def wilson(successes: int, trials: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Where the true share lies, with that confidence; None without a trial, or with more successes than trials."""
    if not 0 <= successes <= trials or not trials:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    middle = share + z * z / (2 * trials)
    half = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    whole = 1 + z * z / trials
    # At the ends the formula gives them exactly, but for rounding.
    low = 0.0 if successes == 0 else (middle - half) / whole
    high = 1.0 if successes == trials else (middle + half) / whole
    return Interval(low, high)


def difference(
    successes: int, trials: int, other_successes: int, other_trials: int, confidence: float = CONFIDENCE
) -> Interval | None:
    """Where the true share less the other one lies; None where one of both is not known."""
    one, other = wilson(successes, trials, confidence), wilson(other_successes, other_trials, confidence)
    if one is None or other is None:
        return None
    share, other_share = successes / trials, other_successes / other_trials
    gap = share - other_share
    return Interval(
        gap - sqrt((share - one.low) ** 2 + (other.high - other_share) ** 2),
        gap + sqrt((one.high - share) ** 2 + (other_share - other.low) ** 2),
    )


def confidence_of_each(challengers: int) -> float:
    """So that all comparisons with the control together err no oftener than one alone would (Bonferroni)."""
    return 1 - (1 - CONFIDENCE) / max(challengers, 1)


def visitors_needed(baseline: float, effect: float, challengers: int = 1) -> int:
    """Visitors in each arm, to find a share of `baseline * (1 + effect)` four times in five where it is there."""
    other = min(baseline * (1 + effect), 1.0)
    z_error = NormalDist().inv_cdf((1 + confidence_of_each(challengers)) / 2)
    z_power = NormalDist().inv_cdf(POWER)
    mean = (baseline + other) / 2
    spread = z_error * sqrt(2 * mean * (1 - mean))
    spread += z_power * sqrt(baseline * (1 - baseline) + other * (1 - other))
    return ceil((spread / (other - baseline)) ** 2)


def chance_of_counts(counts: Sequence[int], shares: Sequence[float]) -> float | None:
    """How likely counts at least so far from their shares are by chance (chi-square); None while there are too few."""
    total, whole = sum(counts), sum(shares)
    expected = [total * share / whole for share in shares]
    if len(counts) < 2 or min(expected) < 5:
        return None
    distance = sum((count - wanted) ** 2 / wanted for count, wanted in zip(counts, expected, strict=True))
    return _beyond(distance, len(counts) - 1)


def _beyond(distance: float, freedom: int) -> float:
    """The upper tail of the chi-square distribution, by its recurrence in steps of two degrees of freedom."""
    half = distance / 2
    tail, known = (exp(-half), 2) if freedom % 2 == 0 else (erfc(sqrt(half)), 1)
    while known < freedom:
        tail += half ** (known / 2) * exp(-half) / gamma(known / 2 + 1)
        known += 2
    return min(tail, 1.0)
