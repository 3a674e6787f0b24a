"""What the worker does from time to time for the cluster's and the ledger's pages."""

import json
import logging
from datetime import timedelta
from typing import Final

from celery import shared_task
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from streaming.cluster import Cluster, Unreachable
from streaming.ledger import merge_batches
from streaming.metrics import KAFKA_UP, measure
from streaming.models import Position, RejectedRecord, Sample
from streaming.snapshots import snapshot
from streaming.topics import topic_name
from tracking.events import ACTIVITY
from tracking.models import CollectedMinute

logger = logging.getLogger(__name__)

EVERY_SAMPLE_FOR: Final = timedelta(days=1)
"""Older samples are thinned to one a minute."""
EVERY_BATCH_FOR: Final = timedelta(days=1)
"""Older rows of the ledger are merged by the hour."""
REJECTED_FOR: Final = timedelta(days=30)
"""Where rejected records stand in the log; how many there were stays in the ledger."""
COLLECTED_FOR: Final = timedelta(days=14)
"""Counts of the collector by minute; as long as the fold keeps its own."""
SAMPLES_FOR: Final = timedelta(days=7)


@shared_task
def sample_metrics() -> None:
    """Writes down one sample of each metric."""
    cluster = snapshot()
    tell_change(cluster)
    Sample.objects.bulk_create(measure(cluster, timezone.now()))


def tell_change(cluster: Cluster | Unreachable) -> None:
    """Logs once that Kafka went away, and once that it is back; the newest sample knows what was logged."""
    newest = Sample.objects.filter(metric=KAFKA_UP.name).order_by("-at").first()
    answered = newest is None or newest.value == 1
    if isinstance(cluster, Unreachable):
        if answered:
            logger.warning("%s; told again only when it answers", cluster.message)
    elif not answered:
        logger.info("Kafka answers again")


@shared_task
def clean_up() -> None:
    """Removes what nobody reads any more."""
    thin_samples()
    clean_up_recommendations()
    merge_batches(timezone.now() - EVERY_BATCH_FOR)
    RejectedRecord.objects.filter(batch__committed_at__lt=timezone.now() - REJECTED_FOR).delete()
    CollectedMinute.objects.filter(minute__lt=timezone.now() - COLLECTED_FOR).delete()


def thin_samples() -> None:
    """Keeps every sample for a day, then the first of each minute, and none after a week."""
    now = timezone.now()
    Sample.objects.filter(at__lt=now - SAMPLES_FOR).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM streaming_sample WHERE id IN (
                SELECT id FROM (
                    SELECT id, row_number() OVER (
                        PARTITION BY metric, label, date_trunc('minute', at) ORDER BY at, id) AS place
                    FROM streaming_sample WHERE at < %s
                ) old WHERE place > 1
            )
            """,
            [now - EVERY_SAMPLE_FOR],
        )


def clean_up_recommendations() -> None:
    """Deletes what the model's windows have passed: for each partition from its newest applied event on."""
    watermarks = {
        position.partition: position.appended_at.isoformat()
        for position in Position.objects.filter(
            query="activity", topic=topic_name(ACTIVITY), appended_at__isnull=False
        )
        if position.appended_at
    }
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT recommendations_clean_up(%s::jsonb)", [json.dumps(watermarks)])
    except ProgrammingError as error:
        logger.error("The model was not pruned: %s Run `python manage.py migrate`.", error)
