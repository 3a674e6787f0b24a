"""Charts as chart.js takes them, and those that are drawn from the samples."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from streaming.metrics import definitions as metrics
from streaming.metrics.definitions import APART, Metric
from streaming.metrics.series import RANGES, Line, Range, Series, series

COLOURS: Final = (
    "var(--color-primary-600)",
    "#f59e0b",
    "#10b981",
    "#a855f7",
    "#ef4444",
    "#84cc16",
    "#06b6d4",
    "#ec4899",
    "#9ca3af",
)
MOST_LINES: Final = 12

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


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart of one or more metrics; each that has no label is drawn under the words given here."""

    id: str
    title: str
    shown: Mapping[Metric, str]
    by: int | None = None
    """Of a metric with several labels: the one to tell lines apart by; the others are summed."""

    @property
    def definition(self) -> str:
        """What exactly each of its metrics is."""
        return " ".join(
            f"{f'{words}: ' if words else ''}{metric.help}" for metric, words in self.shown.items()
        )

    def chart(self, found: Series, of: Range) -> Chart:
        lines: dict[str, Line] = defaultdict(lambda: defaultdict(float))
        for metric, words in self.shown.items():
            for label, line in found.get(metric.name, {}).items():
                values = label.split(APART) if label else []
                name = (values[self.by] if self.by is not None else ", ".join(values)) or words
                for at, value in line.items():
                    lines[name][at] += value
        return Chart(self.id, self.title, self.definition, _largest(lines), of.clock)


def _largest(lines: Mapping[str, Line]) -> dict[str, Line]:
    """As many as can be told apart."""
    order = sorted(lines, key=lambda name: (-max(lines[name].values(), default=0.0), name))
    return {name: dict(lines[name]) for name in order[:MOST_LINES]}


EVENTS: Final = Drawn("events_per_second", "Events applied per second", {metrics.EVENTS: ""})
LAG: Final = Drawn("lag_events", "Lag by query, events", {metrics.LAG: ""})
PAGE: Final = Drawn(
    "page_freshness",
    "Click to page, seconds",
    {metrics.PAGE_MEDIAN: "median", metrics.PAGE_P99: "slowest hundredth"},
)
COMPUTED: Final = Drawn(
    "freshness",
    "Click to computed, seconds",
    {metrics.FRESHNESS_MEDIAN: "median", metrics.FRESHNESS_P99: "slowest hundredth"},
)
STAGES: Final = Drawn(
    "batch_stages", "Batch by stage, seconds", {metrics.BATCH_STAGE: "", metrics.BATCH: "whole batch"}
)

DASHBOARD: Final = (EVENTS, LAG, COMPUTED, STAGES)
ALL: Final = (
    Drawn("accepted_by_event", "Events per second, by type", {metrics.ACCEPTED_BY_EVENT: ""}),
    Drawn("collected", "Accepted, duplicate, rejected, spooled, per second", {metrics.COLLECTED: ""}),
    EVENTS,
    LAG,
    PAGE,
    COMPUTED,
    STAGES,
    Drawn(
        "sockets",
        "Open sockets, and lists pushed per second",
        {metrics.SOCKETS: "open sockets", metrics.PUSHED: "lists per second"},
    ),
    Drawn("fan_out", "Push fan-out, pages per list", {metrics.FAN_OUT: "pages per list"}),
    Drawn("clicks_by_list", "Recommendation clicks an hour, by list", {metrics.CLICKS: ""}, by=0),
    Drawn("clicks_by_position", "Recommendation clicks an hour, by position", {metrics.CLICKS: ""}, by=1),
    Drawn("conversions", "Orders from lists an hour", {metrics.CONVERSIONS: ""}),
    Drawn(
        "spool",
        "Spool",
        {metrics.SPOOL: "records waiting", metrics.SPOOL_AGE: "age of the oldest, seconds"},
    ),
    Drawn("group_lag", "Lag by consumer group, messages", {metrics.GROUP_LAG: ""}),
    Drawn("group_lag_seconds", "Lag by consumer group, seconds", {metrics.GROUP_WAIT: ""}),
    Drawn("outbox", "Changed lists to be told", {metrics.OUTBOX: "changed lists"}),
    Drawn("brokers", "Brokers that are up", {metrics.BROKERS: ""}),
    Drawn(
        "replicas",
        "Partitions in want",
        {metrics.UNDER_REPLICATED: "too few in sync", metrics.LEADERLESS: "no leader"},
    ),
    Drawn("leads", "Partitions led, by broker", {metrics.BROKER_LEADS: ""}),
    Drawn("bytes", "On disk by broker, bytes", {metrics.BROKER_BYTES: ""}),
)


def charts(drawn: Iterable[Drawn] = DASHBOARD, of: Range = RANGES["15m"]) -> list[Chart]:
    """With the samples up to now."""
    chosen = list(drawn)
    found = series([metric for each in chosen for metric in each.shown], of, timezone.now())
    return [each.chart(found, of) for each in chosen]
