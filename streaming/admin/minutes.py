"""What was collected and folded, summed from the counts of each minute as the charts show it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Model, QuerySet, Sum
from django.utils import timezone

from recommendations.models import FoldedMinute
from tracking.models import CollectedMinute

ACCEPTED: Final = "accepted"
DUPLICATE: Final = "duplicate"
REJECTED: Final = "rejected"
SPOOLED: Final = "spooled"

COUNTS: Final[Mapping[str, tuple[type[Model], str]]] = {
    ACCEPTED: (CollectedMinute, "accepted"),
    DUPLICATE: (FoldedMinute, "duplicates"),
    REJECTED: (CollectedMinute, "rejected"),
    SPOOLED: (CollectedMinute, "spooled"),
}
"""What is counted, and where: duplicates are found by the fold, the rest by the collector."""

RANGES: Final = {
    "1h": (timedelta(hours=1), timedelta(minutes=1)),
    "6h": (timedelta(hours=6), timedelta(minutes=5)),
    "24h": (timedelta(hours=24), timedelta(minutes=15)),
}
"""How far back, and the step of the line; each point is a mean per minute."""
MOST_LINES: Final = 6
REST: Final = "all others"

Line = dict[datetime, float]


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody chose to look at; empty for all."""

    since: datetime
    until: datetime
    step: timedelta
    source: str = ""
    event: str = ""

    def times(self) -> Iterator[datetime]:
        at = self.since
        while at < self.until:
            yield at
            at += self.step


def shown(asked: str, source: str = "", event: str = "") -> Shown:
    """A range up to the last whole minute: of the one that is going on, nobody knows how many there will be."""
    length, step = RANGES.get(asked, RANGES["1h"])
    until = timezone.now().replace(second=0, microsecond=0)
    return Shown(until - length, until, step, source, event)


def totals(what: Shown) -> dict[str, int]:
    """How many of each count there are in the whole range."""
    sums = {name: _rows(name, what).aggregate(sum=Sum(field))["sum"] for name, (_, field) in COUNTS.items()}
    return {name: int(sum or 0) for name, sum in sums.items()}


def lines_of_counts(what: Shown) -> dict[str, Line]:
    """One line for each count."""
    return {name: _line(_sums(name, what), what) for name in COUNTS}


def lines_by(column: str, count: str, what: Shown) -> dict[str, Line]:
    """One count, with a line for each `source` or `event`; beyond the largest few, the rest together."""
    sums: dict[str, Counter[datetime]] = defaultdict(Counter)
    for label, minute, number in (
        _rows(count, what).values_list(column, "minute").annotate(n=Sum(COUNTS[count][1]))
    ):
        if number:
            sums[label or "(none)"][minute] += number
    largest = sorted(sums, key=lambda label: (-sums[label].total(), label))
    lines = {label: _line(sums[label], what) for label in largest[:MOST_LINES]}
    if rest := largest[MOST_LINES:]:
        together: Counter[datetime] = Counter()
        for label in rest:
            together.update(sums[label])
        lines[REST] = _line(together, what)
    return lines


def known(column: str, what: Shown) -> list[str]:
    """The sources or event names with a count in the range, most accepted first."""
    found = CollectedMinute.objects.filter(minute__gte=what.since)
    return list(found.values_list(column, flat=True).annotate(n=Sum("accepted")).order_by("-n", column)[:200])


def _rows(count: str, what: Shown) -> QuerySet[Any]:
    rows: QuerySet[Any] = COUNTS[count][0]._default_manager.filter(
        minute__gte=what.since, minute__lt=what.until
    )
    if what.source:
        rows = rows.filter(source=what.source)
    return rows.filter(event=what.event) if what.event else rows


def _sums(count: str, what: Shown) -> Counter[datetime]:
    return Counter(dict(_rows(count, what).values_list("minute").annotate(n=Sum(COUNTS[count][1]))))


def _line(minutes: Mapping[datetime, int], what: Shown) -> Line:
    """Per minute, for each step; 0 where nothing was counted."""
    line = dict.fromkeys(what.times(), 0.0)
    for minute, number in minutes.items():
        step = what.since + ((minute - what.since) // what.step) * what.step
        line[step] += number / (what.step / timedelta(minutes=1))
    return line
