"""The dashboard in docs/ draws what `/metrics` serves, with its labels, and leaves nothing out."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.test import Client
from django.utils import timezone

from streaming.metrics.definitions import APART, METRICS
from streaming.models import Sample

DASHBOARD: Final = Path(__file__).resolve().parents[3] / "docs" / "grafana.json"
NAMES: Final = {f"tributary_{metric.name}": metric for metric in METRICS}


def targets() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            yield panel, target


def test_it_draws_every_metric_and_no_other() -> None:
    drawn = {name for _, target in targets() for name in re.findall(r"tributary_\w+", target["expr"])}
    assert drawn == NAMES.keys()


def test_its_labels_are_those_of_the_metrics() -> None:
    for _, target in targets():
        (name,) = re.findall(r"tributary_\w+", target["expr"])
        used = re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]) + re.findall(
            r"by \((\w+)\)", target["expr"]
        )
        assert set(used) <= set(NAMES[name].labels), target["expr"]


def test_each_panel_says_what_the_page_says() -> None:
    for panel, target in targets():
        (name,) = re.findall(r"tributary_\w+", target["expr"])
        assert NAMES[name].help in panel["description"], panel["title"]


@pytest.mark.django_db
def test_metrics_serves_all_of_them_with_their_labels(client: Client) -> None:
    now = timezone.now()
    for metric in METRICS:
        label = APART.join(f"a {of}" for of in metric.labels)
        Sample.objects.create(metric=metric.name, label=label, at=now, value=2.5)
    served = client.get("/metrics").content.decode()
    lines = [line for line in served.splitlines() if not line.startswith("#")]
    assert lines == [
        f"tributary_{metric.name}"
        + ("{" + ",".join(f'{of}="a {of}"' for of in metric.labels) + "}" if metric.labels else "")
        + " 2.5"
        for metric in METRICS
    ]
