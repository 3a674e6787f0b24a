"""The newest samples in Prometheus' text format."""

from collections import defaultdict
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from streaming.metrics.definitions import APART, METRICS, Metric
from streaming.models import Sample

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
STALE_AFTER: Final = timedelta(minutes=1)
SLOW_STALE_AFTER: Final = timedelta(minutes=2)
"""A metric that has not been sampled for this long is left out: an old number would pass for a new one."""


def newest_samples() -> list[Sample]:
    """The newest sample of each metric and label that is not stale."""
    now = timezone.now()
    slow = [metric.name for metric in METRICS if metric.slow]
    recent = Sample.objects.filter(
        Q(at__gt=now - STALE_AFTER) | Q(metric__in=slow, at__gt=now - SLOW_STALE_AFTER),
        at__gt=now - SLOW_STALE_AFTER,
    )
    return list(recent.order_by("metric", "label", "-at").distinct("metric", "label"))


def exposition() -> str:
    """All metrics with what they mean; one without a sample has no line of its own."""
    samples: dict[str, list[Sample]] = defaultdict(list)
    for sample in newest_samples():
        samples[sample.metric].append(sample)
    return "".join(_lines(metric, samples[metric.name]) for metric in METRICS)


def _lines(metric: Metric, samples: list[Sample]) -> str:
    name = f"tributary_{metric.name}"
    lines = [f"# HELP {name} {metric.help}", f"# TYPE {name} gauge"]
    lines += [f"{name}{_labels(metric, sample)} {sample.value!r}" for sample in samples]
    return "\n".join(lines) + "\n"


def _labels(metric: Metric, sample: Sample) -> str:
    if not metric.labels:
        return ""
    values = zip(metric.labels, sample.label.split(APART), strict=True)
    return "{" + ",".join(f'{label}="{_escaped(value)}"' for label, value in values) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
