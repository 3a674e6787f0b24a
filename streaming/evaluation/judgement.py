"""What the fold's predictions were worth: sums of `JudgedHour` as rates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet, Sum

from recommendations.models import JudgedHour

MODEL: Final = "the lists"
POPULAR: Final = "popular"
RANDOM: Final = "random"
JUDGED: Final[Mapping[str, str]] = {MODEL: "", POPULAR: "popular_", RANDOM: "random_"}
"""Who is judged, and how the columns of its sums begin."""
MEASURES: Final = ("hits_10", "hits_20", "reciprocal")
SUMS: Final = {prefix + measure: Sum(prefix + measure) for prefix in JUDGED.values() for measure in MEASURES}


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of the predicted events: hit rates at 10 and 20, and the mean of 1 / place over the first 20."""

    hit_rate_10: float
    hit_rate_20: float
    mrr_20: float


@dataclass(frozen=True, slots=True)
class Judgement:
    events: int
    passed_over: int
    rates: Mapping[str, Rates]
    """By who is judged; empty where nothing was predicted."""


def judgement(hours: QuerySet[JudgedHour]) -> Judgement:
    """The rates of all these hours together."""
    sums = hours.aggregate(events=Sum("events", default=0), passed_over=Sum("passed_over", default=0), **SUMS)
    events = int(sums["events"])
    rates = {
        name: Rates(*(sums[prefix + measure] / events for measure in MEASURES))
        for name, prefix in JUDGED.items()
        if events
    }
    return Judgement(events, int(sums["passed_over"]), rates)
