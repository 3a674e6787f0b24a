"""What the fold's predictions were worth: sums of `JudgedHour` as rates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet, Sum

from recommendations.models import JudgedHour

MODEL: Final = "the lists"
POPULAR: Final = "popular"
RANDOM: Final = "random"
JUDGED: Final[Mapping[str, str]] = {MODEL: "", POPULAR: "popular_", RANDOM: "random_"}
"""Who is judged, and how the columns of its sums begin."""
MEASURES: Final = ("hits_10", "hits_20", "reciprocal")
SUMS: Final = {
    f"sum_{column}": Sum(column)
    for column in (
        "events",
        "passed_over",
        *(prefix + measure for prefix in JUDGED.values() for measure in MEASURES),
    )
}
PLAYED: Final = "judged:"
"""How a source begins whose events are all predicted, as of their own times: see recommendations/sql/judge.sql."""


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
    return _judgement_of(hours.aggregate(**SUMS))


def rates_of(hours: QuerySet[JudgedHour]) -> dict[datetime, Judgement]:
    """The rates of each hour, in order."""
    return {row["hour"]: _judgement_of(row) for row in hours.values("hour").annotate(**SUMS).order_by("hour")}


def _judgement_of(sums: Mapping[str, Any]) -> Judgement:
    events = int(sums["sum_events"] or 0)
    rates = {
        name: Rates(*(sums[f"sum_{prefix}{measure}"] / events for measure in MEASURES))
        for name, prefix in JUDGED.items()
        if events
    }
    return Judgement(events, int(sums["sum_passed_over"] or 0), rates)
