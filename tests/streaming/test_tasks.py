import logging
from datetime import timedelta

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

    samples = {of: value for of, value in sampled().items() if not of[0].startswith(("broker_", "group_"))}
    assert 0 <= samples.pop(("query_silent_seconds", "activity")) < 60
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
        ("leaderless_partitions", ""): 0.0,
        ("collected_per_second", "accepted"): 0.0,
        ("collected_per_second", "duplicate"): 0.0,
        ("collected_per_second", "rejected"): 0.0,
        ("collected_per_second", "spooled"): 0.0,
        ("open_sockets", ""): 0.0,
        ("pushed_per_second", ""): 0.0,
        ("batch_stage_seconds", "read"): 0.0015,
        ("batch_stage_seconds", "fold"): 0.012,
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
