"""The page of all charts: what is chosen, what is drawn, and what each chart says that it is."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from streaming.admin.charts import ALL
from streaming.metrics.definitions import APART, METRICS
from streaming.metrics.rollups import roll_up
from streaming.models import Sample

pytestmark = pytest.mark.django_db


def add(metric: str, label: str, ago: timedelta, value: float) -> None:
    Sample.objects.create(metric=metric, label=label, at=timezone.now() - ago, value=value)


def drawn(page: str, chart: str) -> dict[str, list[Any]]:
    found = re.search(rf'id="{chart}" type="application/json">(.*?)</script>', page)
    assert found is not None
    return {line["label"]: line["data"] for line in json.loads(found[1])["datasets"]}


def test_the_last_quarter_of_an_hour_is_the_samples_themselves(admin: Client) -> None:
    add("lag_events", "activity", timedelta(minutes=20), 99)
    for seconds, value in ((40, 4.0), (20, 6.5)):
        add("lag_events", "activity", timedelta(seconds=seconds), value)
    page = admin.get("/admin/metrics/").content.decode()
    assert drawn(page, "lag_events") == {"activity": [4.0, 6.5]}


def test_a_longer_range_shows_means_and_of_what_matters_the_highest(admin: Client) -> None:
    now = timezone.now()
    at = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    for seconds, value in ((0, 1.0), (5, 3.0), (10, 11.0)):
        for metric in ("lag_events", "events_per_second"):
            moment = at + timedelta(seconds=seconds)
            Sample.objects.create(metric=metric, label="activity", at=moment, value=value)
    roll_up(now)
    for name in ("6h", "24h", "7d", "90d", "400d"):
        page = admin.get(f"/admin/metrics/?range={name}").content.decode()
        assert drawn(page, "events_per_second") == {"activity": [5.0]}, name
        assert drawn(page, "lag_events") == {"activity": [11.0]}, name


def test_clicks_are_summed_by_list_and_by_position(admin: Client) -> None:
    at = timezone.now() - timedelta(seconds=10)
    for label, value in ((("front", "1"), 4), (("front", "2"), 2), (("similar", "1"), 1)):
        Sample.objects.create(metric="list_clicks_per_hour", label=APART.join(label), at=at, value=value)
    page = admin.get("/admin/metrics/").content.decode()
    assert drawn(page, "clicks_by_list") == {"front": [6], "similar": [1]}
    assert drawn(page, "clicks_by_position") == {"1": [5], "2": [2]}


def test_every_metric_is_drawn_or_stands_beside_one_that_is(admin: Client) -> None:
    shown = {metric.name for chart in ALL for metric in chart.shown}
    beside = {"duplicates_per_second", "rejected_per_second", "query_silent_seconds", "kafka_up"}
    assert shown | beside == {metric.name for metric in METRICS}


def test_each_chart_says_what_exactly_it_is(admin: Client) -> None:
    page = admin.get("/admin/metrics/?range=nonsense").content.decode()
    for chart in ALL:
        assert f'aria-describedby="definition-{chart.id}"' in page
        for metric in chart.shown:
            assert metric.help.split(":")[0].replace("'", "&#x27;") in page


def test_it_takes_the_permission() -> None:
    assert Client().get("/admin/metrics/").status_code == 302
