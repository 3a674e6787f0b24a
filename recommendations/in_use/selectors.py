"""What became of the lists since a moment, summed from their hours."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Sum

from recommendations.experiments.statistics import Interval, wilson
from recommendations.in_use.models import ListHour, ListVisitor

FEWEST: Final = 30
"""Of fewer than so many no share is told: its interval would span most of what is possible."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many; no share where there are too few, or where it is none."""

    successes: int
    trials: int

    @property
    def interval(self) -> Interval | None:
        return wilson(self.successes, self.trials) if self.trials >= FEWEST else None

    @property
    def share(self) -> float | None:
        return self.successes / self.trials if self.interval else None


@dataclass(frozen=True, slots=True)
class Counts:
    impressions: int = 0
    clicks: int = 0
    conversions: int = 0

    @property
    def click_through(self) -> Rate:
        return Rate(self.clicks, self.impressions)

    @property
    def conversion(self) -> Rate:
        return Rate(self.conversions, self.clicks)


@dataclass(frozen=True, slots=True)
class ListInUse:
    list_id: str
    visitors: int
    counts: Counts


SUMS: Final = (Sum("impressions"), Sum("clicks"), Sum("conversions"))


def lists_since(since: datetime) -> list[ListInUse]:
    """The lists that were seen or clicked in, most seen first."""
    seen_by = dict(
        ListVisitor.objects.filter(last_seen_at__gte=since)
        .values_list("list_id")
        .annotate(n=Count("visitor_id"))
    )
    sums = ListHour.objects.filter(hour__gte=since).values_list("list_id").annotate(*SUMS)
    lists = [ListInUse(name, seen_by.get(name, 0), Counts(*counts)) for name, *counts in sums]
    return sorted(lists, key=lambda each: (-each.counts.impressions, each.list_id))


def positions_since(since: datetime, list_id: str) -> dict[int, Counts]:
    """By position, in its order; 0 is unknown and 51 stands for all beyond 50."""
    rows = ListHour.objects.filter(hour__gte=since, list_id=list_id).values_list("position").annotate(*SUMS)
    return {position: Counts(*counts) for position, *counts in rows.order_by("position")}
