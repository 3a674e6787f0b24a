"""The dashboard's charts, drawn from the samples of the last quarter of an hour."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from streaming import metrics
from streaming.metrics import Metric
from streaming.models import Sample

SHOWN: Final = timedelta(minutes=15)
COLOURS: Final = (
    "var(--color-primary-600)",
    "#f59e0b",
    "#10b981",
    "#a855f7",
    "#ef4444",
    "#84cc16",
    "#9ca3af",
)

_TICKS: Final = {"color": "#9ca3af", "maxRotation": 0, "autoSkipPadding": 32}
OPTIONS: Final = json.dumps(
    {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "interaction": {"mode": "index", "intersect": False},
        "elements": {"point": {"radius": 0, "hitRadius": 8}, "line": {"borderWidth": 2}},
        "plugins": {
            "legend": {"align": "end", "labels": {"boxWidth": 8, "boxHeight": 8, "color": "#9ca3af"}}
        },
        "scales": {
            "x": {"ticks": _TICKS, "grid": {"display": False}},
            "y": {"ticks": _TICKS | {"maxTicksLimit": 5}, "grid": {}, "beginAtZero": True},
        },
    }
)


@dataclass(frozen=True, slots=True)
class Chart:
    id: str
    title: str
    help: str
    lines: dict[str, dict[datetime, float]]
    clock: str = "%H:%M:%S"
    """How the times below the chart are written."""

    @property
    def data(self) -> str:
        return json.dumps(self.figures)

    @property
    def figures(self) -> dict[str, Any]:
        """As chart.js takes it: a gap where a line has no sample."""
        times = sorted({at for line in self.lines.values() for at in line})
        datasets: list[dict[str, Any]] = [
            {
                "label": name,
                "data": [line.get(at) for at in times],
                "borderColor": colour,
                "backgroundColor": colour,
            }
            for (name, line), colour in zip(
                sorted(self.lines.items()), COLOURS * len(self.lines), strict=False
            )
        ]
        return {"labels": [timezone.localtime(at).strftime(self.clock) for at in times], "datasets": datasets}


def charts() -> list[Chart]:
    series = _series()

    def chart(title: str, *shown: tuple[Metric, str]) -> Chart:
        lines = {label or name: line for metric, name in shown for label, line in series[metric.name].items()}
        return Chart(shown[0][0].name, title, shown[0][0].help, lines)

    return [
        chart("Events per second", (metrics.EVENTS, "")),
        chart("Events waiting", (metrics.LAG, "")),
        chart(
            "Click to computed, seconds",
            (metrics.FRESHNESS_MEDIAN, "median"),
            (metrics.FRESHNESS_P99, "slowest hundredth"),
        ),
        chart("Batch, seconds", (metrics.BATCH, "")),
    ]


def _series() -> dict[str, dict[str, dict[datetime, float]]]:
    """By metric and label, the value at each time."""
    series: dict[str, dict[str, dict[datetime, float]]] = defaultdict(lambda: defaultdict(dict))
    for sample in Sample.objects.filter(at__gt=timezone.now() - SHOWN).order_by("at"):
        series[sample.metric][sample.label][sample.at] = sample.value
    return series
