import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from recommendations.models import ChangedVisitor
from streaming.models import RejectedRecord, Sample
from streaming.topics import topic_name
from tests.streaming.conftest import Produce
from tests.streaming.rows import add_event, add_query, apply_batch

pytestmark = pytest.mark.django_db


def tiles(client: Client) -> dict[str, tuple[str, str]]:
    """Of each tile its value and what it says below."""
    return {
        tile.title: (str(tile.value), str(tile.detail)) for tile in client.get("/admin/").context["tiles"]
    }


def test_the_numbers_are_those_of_the_rows(admin: Client, topics: str, produce: Produce) -> None:
    topic, query = topic_name("activity"), add_query()
    produce("activity", 0, 40)
    hour_ago = timezone.now() - timedelta(hours=1)
    apply_batch(query, topic, {0: 10}, duplicates=2, committed_at=hour_ago)
    newest = apply_batch(query, topic, {0: 31}, duplicates=1, rejected=1)
    RejectedRecord.objects.create(batch=newest, topic=topic, partition=0, offset=12, reason="not JSON")
    for position, took in enumerate((0.2, 0.4, 0.9), 1):
        add_event("v-1", f"mug-{position}", took=took, position=position)
    ChangedVisitor.objects.create(visitor_id="v-1", version=1)
    ChangedVisitor.objects.create(visitor_id="v-2", version=1)

    shown = tiles(admin)

    assert shown["Applied in the last minute"] == ("21", "records in 1 batches")
    assert shown["Spark lag"][0] == "9"
    assert shown["Duplicates"][0] == "3"
    assert shown["Rejected"][0] == "1"
    assert shown["Click to computed"] == ("0.40 s", "median of 3 in 5 minutes; slowest hundredth 0.89 s")
    assert shown["Replicas"][0] == "all in sync"
    assert shown["Query activity"][0] == "alive"
    assert shown["To be told"][0] == "2"


def test_an_event_that_was_sent_late_does_not_count_as_computed_late(admin: Client) -> None:
    add_event(took=0.2, sent_after=timedelta(days=3))

    assert tiles(admin)["Click to computed"][0] == "0.20 s"
    assert "200 ms" in admin.get("/admin/model/histories/").content.decode()


def test_what_is_not_known_is_not_a_number(admin: Client, away: str) -> None:
    shown = tiles(admin)
    assert shown["Spark lag"] == ("–", "no query has run yet: start Spark with “make up”")
    assert shown["Click to computed"][0] == "–"
    assert shown["Replicas"][0] == "not known"

    apply_batch(add_query(), "activity", {0: 3})
    assert tiles(admin)["Spark lag"][0] == "not known"


def test_a_chart_draws_the_samples(admin: Client) -> None:
    now = timezone.now()
    for seconds, value in ((10, 4.0), (5, 6.5)):
        at = now - timedelta(seconds=seconds)
        Sample.objects.create(metric="events_per_second", label="activity", at=at, value=value)
    too_old = now - timedelta(hours=1)
    Sample.objects.create(metric="events_per_second", label="activity", at=too_old, value=99)

    page = admin.get("/admin/").content.decode()

    found = re.search(r'id="events_per_second" type="application/json">(.*?)</script>', page)
    assert found is not None
    (line,) = json.loads(found[1])["datasets"]
    assert (line["label"], line["data"]) == ("activity", [4.0, 6.5])


def test_a_chart_without_samples_says_who_takes_them(admin: Client) -> None:
    assert "No samples in the last 15 minutes" in admin.get("/admin/").content.decode()


def test_a_label_cannot_end_the_script(admin: Client) -> None:
    Sample.objects.create(metric="lag_events", label="</script><b>", at=timezone.now(), value=1)
    assert "</script><b>" not in admin.get("/admin/").content.decode()
