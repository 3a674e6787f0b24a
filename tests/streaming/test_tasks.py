import logging
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from recommendations.models import ChangedVisitor
from streaming.cluster import Cluster
from streaming.models import Sample
from streaming.tasks import clean_up, clean_up_recommendations, sample_metrics
from streaming.topics import topic_name
from tests.streaming.conftest import Produce
from tests.streaming.rows import add_event, add_query, apply_batch
from tracking.models import CollectedMinute

pytestmark = pytest.mark.django_db


def sampled() -> dict[tuple[str, str], float]:
    return {(sample.metric, sample.label): sample.value for sample in Sample.objects.all()}


def test_a_sample_of_everything(topics: str, produce: Produce) -> None:
    topic, query = topic_name("activity"), add_query()
    produce("activity", 0, 70)
    apply_batch(query, topic, {0: 5}, committed_at=timezone.now() - timedelta(minutes=5))
    apply_batch(query, topic, {0: 55}, duplicates=20, rejected=10, took=timedelta(milliseconds=120))
    add_event(took=0.3)
    ChangedVisitor.objects.create(visitor_id="v-1", version=1)

    sample_metrics()

    samples = sampled()
    assert samples.pop(("batch_seconds_median", "activity")) == pytest.approx(0.12)
    assert samples.pop(("freshness_seconds_median", "")) == pytest.approx(0.3)
    assert samples.pop(("freshness_seconds_p99", "")) == pytest.approx(0.3)
    assert samples == {
        ("events_per_second", "activity"): 5.0,
        ("duplicates_per_second", "activity"): 2.0,
        ("rejected_per_second", "activity"): 1.0,
        ("lag_events", "activity"): 15.0,
        ("under_replicated_partitions", ""): 0.0,
        ("outbox_depth", ""): 1.0,
        ("spool_depth", ""): 0.0,
        ("spool_age_seconds", ""): 0.0,
        ("kafka_up", ""): 1.0,
    }


def test_without_kafka_its_metrics_are_left_out_and_it_is_said(
    away: str, caplog: pytest.LogCaptureFixture
) -> None:
    apply_batch(add_query(), "activity", {0: 50})

    sample_metrics()

    samples = sampled()
    assert samples["kafka_up", ""] == 0.0
    assert samples["events_per_second", "activity"] == 5.0
    assert ("lag_events", "activity") not in samples
    assert ("under_replicated_partitions", "") not in samples
    assert f"Kafka did not answer at {away}" in caplog.text


def test_that_kafka_is_away_is_said_once_and_that_it_is_back(
    away: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "streaming.tasks"):
        sample_metrics()
        sample_metrics()
        assert [record.levelname for record in caplog.records] == ["WARNING"]

        there = Cluster("", (), (), (), (), timezone.now())
        monkeypatch.setattr("streaming.tasks.snapshot", lambda: there)
        sample_metrics()
        sample_metrics()

    assert [record.message for record in caplog.records[1:]] == ["Kafka answers again"]


def add_samples(*times: datetime) -> None:
    Sample.objects.bulk_create(Sample(metric="m", label="x", at=at, value=1) for at in times)


def test_old_samples_are_thinned_and_then_removed() -> None:
    now = timezone.now().replace(second=0, microsecond=0)
    yesterday, last_week = now - timedelta(days=2), now - timedelta(days=8)
    recent = [now - timedelta(seconds=5 * number) for number in range(3)]
    old = [yesterday + timedelta(seconds=5 * number) for number in range(15)]
    add_samples(*recent, *old, last_week)

    clean_up()

    kept = list(Sample.objects.order_by("at").values_list("at", flat=True))
    assert kept == [yesterday, yesterday + timedelta(minutes=1), *sorted(recent)]


def test_the_collectors_counts_are_kept_for_two_weeks() -> None:
    now = timezone.now().replace(second=0, microsecond=0)
    for age in (0, 13, 15):
        CollectedMinute.objects.create(minute=now - timedelta(days=age), source="shop", event="page")

    clean_up()

    assert CollectedMinute.objects.count() == 2


def test_a_model_that_cannot_be_pruned_is_said_aloud(caplog: pytest.LogCaptureFixture) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION recommendations_clean_up(jsonb)")
    with caplog.at_level(logging.ERROR):
        clean_up_recommendations()
    assert "The model was not pruned" in caplog.text
    assert "manage.py migrate" in caplog.text
