"""What the lists were worth, hour by hour: each event predicted before it was learned."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from recommendations.admin.cells import UNKNOWN, Tile, number
from recommendations.admin.pages import AdminPage
from recommendations.models import JudgedHour
from streaming.admin.charts import OPTIONS, Chart
from streaming.evaluation.judgement import JUDGED, MODEL, PLAYED, Judgement, judgement, rates_of

RANGES: Final = {
    "24h": ("the last 24 h", timedelta(hours=24)),
    "7d": ("the last 7 days", timedelta(days=7)),
    "28d": ("the last 28 days", timedelta(days=28)),
}
LIVE: Final = ""
"""Chosen source: all but files that were played."""
MEASURES: Final = {
    "hit_rate_20": (
        "Hit rate at 20",
        "Of the product events whose product the visitor's history lacked, the share whose product stood among the "
        "first 20 of the list that the visitor had before, what was seen left out.",
    ),
    "hit_rate_10": ("Hit rate at 10", "The same among the first 10."),
    "mrr_20": (
        "MRR at 20",
        "The mean of 1 / place in the list: 1 where the product stood first, 0 where it was not among the first 20.",
    ),
}
WHO: Final = (
    "Popular is the popular list with what was seen left out; random is what as many products drawn from all known "
    "ones can expect."
)
MOST_SOURCES: Final = 50


class JudgedPage(AdminPage):
    title = "Judged"
    permission_required = "recommendations.view_judgedhour"
    template_name = "streaming/admin/collected.html"
    refresh = 30

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET.get("range", "")
        chosen = asked if asked in RANGES else "24h"
        source = self.request.GET.get("source", LIVE).replace("\x00", "")  # PostgreSQL takes none
        words, length = RANGES[chosen]
        recent = JudgedHour.objects.filter(hour__gt=timezone.now() - length)
        hours = _of_source(recent, source)
        return super().get_context_data(
            **kwargs,
            tiles=_tiles(judgement(hours), words),
            charts=_charts(hours),
            chart_options=OPTIONS,
            selects=[
                {
                    "name": "range",
                    "label": "Range",
                    "choices": [(name, words) for name, (words, _) in RANGES.items()],
                    "chosen": chosen,
                },
                {
                    "name": "source",
                    "label": "Source",
                    "choices": [(LIVE, "all live ones"), *((name, name) for name in _sources(recent))],
                    "chosen": source,
                },
            ],
        )


def _of_source(hours: QuerySet[JudgedHour], source: str) -> QuerySet[JudgedHour]:
    return hours.filter(source=source) if source else hours.exclude(source__startswith=PLAYED)


def _sources(hours: QuerySet[JudgedHour]) -> Sequence[str]:
    """The named ones, live ones first."""
    names = set(hours.exclude(source="").values_list("source", flat=True))
    return sorted(names, key=lambda name: (name.startswith(PLAYED), name))[:MOST_SOURCES]


def _tiles(judged: Judgement, words: str) -> list[Tile]:
    passed_over = f"{number(judged.passed_over)} passed over, so that large batches take no longer"
    tiles = [Tile("Predicted", number(judged.events), f"events in {words}; {passed_over}")]
    for measure, (title, _) in MEASURES.items():
        if not judged.rates:
            tiles.append(Tile(title, UNKNOWN, "no event was predicted yet: browse the shop"))
            continue
        others = ", ".join(
            f"{name} {getattr(rates, measure):.3f}" for name, rates in judged.rates.items() if name != MODEL
        )
        tiles.append(Tile(title, f"{getattr(judged.rates[MODEL], measure):.3f}", others))
    return tiles


def _charts(hours: QuerySet[JudgedHour]) -> list[Chart]:
    by_hour = rates_of(hours)
    charts = []
    for measure, (title, meaning) in MEASURES.items():
        lines: dict[str, dict[datetime, float]] = {}
        for name in JUDGED:
            lines[name] = {
                hour: getattr(each.rates[name], measure) for hour, each in by_hour.items() if each.rates
            }
        charts.append(
            Chart(measure, title, f"{meaning} {WHO}", lines if any(lines.values()) else {}, "%d %b %H:%M")
        )
    counted = {
        "predicted": {hour: float(each.events) for hour, each in by_hour.items()},
        "passed over": {hour: float(each.passed_over) for hour, each in by_hour.items()},
    }
    charts.append(
        Chart(
            "judged",
            "Events an hour",
            "Of a batch at most 20 events are looked at, chosen by their hash; the others are passed over. Of those "
            "looked at, what brings a visitor to their first product or back to one is not predicted.",
            counted if by_hour else {},
            "%d %b %H:%M",
        )
    )
    return charts
