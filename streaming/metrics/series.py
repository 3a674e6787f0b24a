"""What the charts draw: the samples of a range, or what they were rolled up to, in steps of that range."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from streaming.metrics.definitions import BY_NAME, Metric

Line = dict[datetime, float]
Series = Mapping[str, Mapping[str, Line]]
"""By metric and label, the value at each step."""

SAMPLES: Final = """
    SELECT metric, label, date_bin(%(step)s, at, timestamptz 'epoch') AS step_at,
           CASE WHEN metric = ANY(%(worst)s) THEN max(value) ELSE avg(value) END
    FROM streaming_sample WHERE metric = ANY(%(metrics)s) AND at > %(since)s AND at <= %(until)s
    GROUP BY metric, label, step_at ORDER BY step_at
"""
ROLLED: Final = """
    SELECT metric, label, date_bin(%(step)s, at, timestamptz 'epoch') AS step_at,
           CASE WHEN metric = ANY(%(worst)s) THEN max(most) ELSE sum(mean * samples) / sum(samples) END
    FROM streaming_rolledsample
    WHERE step = %(rolled)s AND metric = ANY(%(metrics)s) AND at > %(since)s AND at <= %(until)s
    GROUP BY metric, label, step_at ORDER BY step_at
"""


@dataclass(frozen=True, slots=True)
class Range:
    """How far back, in which steps, and what the steps are made of (empty: of the samples themselves)."""

    words: str
    length: timedelta
    step: timedelta
    rolled: str
    clock: str
    """How its times are written."""


RANGES: Final = {
    "15m": Range("15 minutes", timedelta(minutes=15), timedelta(seconds=5), "", "%H:%M:%S"),
    "1h": Range("hour", timedelta(hours=1), timedelta(seconds=20), "", "%H:%M:%S"),
    "6h": Range("6 hours", timedelta(hours=6), timedelta(minutes=2), "minute", "%H:%M"),
    "24h": Range("24 hours", timedelta(hours=24), timedelta(minutes=6), "minute", "%H:%M"),
    "7d": Range("7 days", timedelta(days=7), timedelta(hours=1), "hour", "%d %b %H:%M"),
    "90d": Range("90 days", timedelta(days=90), timedelta(hours=12), "hour", "%d %b"),
    "400d": Range("400 days", timedelta(days=400), timedelta(days=1), "hour", "%d %b %Y"),
}


def series(metrics: Iterable[Metric], of: Range, until: datetime) -> Series:
    """The mean of each step, or the highest where that is what a metric is about. A step without a sample is a gap."""
    wanted = list({metric.name for metric in metrics})
    found: dict[str, dict[str, Line]] = defaultdict(lambda: defaultdict(dict))
    asked: dict[str, Any] = {
        "metrics": wanted,
        "worst": [name for name in wanted if BY_NAME[name].worst],
        "step": of.step,
        "rolled": of.rolled,
        "since": until - of.length,
        "until": until,
    }
    with connection.cursor() as cursor:
        cursor.execute(ROLLED if of.rolled else SAMPLES, asked)
        for metric, label, at, value in cursor.fetchall():
            found[metric][label][at] = value
    return found
