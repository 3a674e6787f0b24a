"""What the worker does from time to time for the cluster's and the ledger's pages."""

import json
import logging
import time
from contextlib import suppress
from datetime import timedelta
from typing import Final

import psycopg
from celery import shared_task
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.utils import timezone

from recommendations.models import Model
from streaming.alerts.sending import send_notices
from streaming.alerts.watch import drop_old_alerts, watch
from streaming.als import TrainingFailedError, train
from streaming.changes import RefusedError as RefusedChangeError
from streaming.cluster import Cluster, Unreachable
from streaming.connection import UnansweredError
from streaming.ledger import merge_batches
from streaming.metrics.definitions import KAFKA_UP
from streaming.metrics.measuring import measure
from streaming.metrics.rollups import drop_old_samples, roll_up
from streaming.models import Position, RejectedRecord, Sample
from streaming.operating.progress import lift_when_done
from streaming.rebuild import beside
from streaming.rebuild.again import drop_what_was_left
from streaming.rebuild.beside import BusyModelError, RefusedError
from streaming.rebuild.catching_up import BusyError, Unwatched
from streaming.rebuild.log import LogUnreadableError
from streaming.snapshots import snapshot
from streaming.topics import topic_name
from tracking.events import ACTIVITY
from tracking.models import CollectedMinute

logger = logging.getLogger(__name__)

EVERY_BATCH_FOR: Final = timedelta(days=1)
"""Older rows of the ledger are merged by the hour."""
REJECTED_FOR: Final = timedelta(days=30)
"""Where rejected records stand in the log; how many there were stays in the ledger."""
COLLECTED_FOR: Final = timedelta(days=14)
"""Counts of the collector by minute; as long as the fold keeps its own."""
CATCHING_UP_SECONDS: Final = 40
"""Of each minute that second models may take together: the worker has other work."""


@shared_task
def lift_throttles() -> None:
    """A move that is over is held to no rate any more, whether or not anybody looks at it."""
    try:
        lift_when_done()
    except (RefusedChangeError, UnansweredError) as error:
        logger.warning("the throttle of a move is not lifted yet: %s", error)


@shared_task
def sample_metrics() -> None:
    """Writes down one sample of each metric; of the slow ones, and rolled up, once a minute."""
    cluster = snapshot()
    tell_change(cluster)
    now = timezone.now()
    minute = now.replace(second=0, microsecond=0)
    is_first = not Sample.objects.filter(metric=KAFKA_UP.name, at__gte=minute).exists()
    Sample.objects.bulk_create(measure(cluster, now, slow=is_first))
    if is_first:
        roll_up(now)


@shared_task
def watch_alerts() -> None:
    """Compares the newest samples with the rules, and sends the notices that wait. The relay does so too."""
    watch(timezone.now())
    send_notices()


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
def catch_models_up() -> None:
    """Folds into each second model what the live one has and it has not; a new one goes on being made."""
    until = time.monotonic() + CATCHING_UP_SECONDS
    models = Model.objects.filter(kind=Model.Kind.FOLD).exclude(name=Model.LIVE).order_by("caught_up_at")
    for model in models:
        try:
            beside.catch_up(model.name, topic_name(ACTIVITY), Unwatched(), until)
        except BusyModelError:
            continue  # whoever works on it brings it as far
        except (LogUnreadableError, DatabaseError, psycopg.Error) as error:
            logger.error("The model %s is not caught up: %s", model.name, error)
            Model.objects.filter(name=model.name).update(error=str(error).strip().partition("\n")[0])


@shared_task
def promote_model(name: str) -> None:
    """Makes a second model the live one. What hinders it stands in the model's row."""
    try:
        beside.promote(name, topic_name(ACTIVITY), Unwatched())
    except (
        RefusedError,
        BusyModelError,
        BusyError,
        LogUnreadableError,
        DatabaseError,
        psycopg.Error,
    ) as error:
        logger.error("The model %s was not promoted: %s", name, error)
        Model.objects.filter(name=name).update(state=Model.State.READY, error=f"Not promoted: {error}")


@shared_task
def train_als() -> None:
    """Trains the ALS challenger anew."""
    try:
        train()
    except (TrainingFailedError, BusyModelError, RefusedError) as error:
        logger.error("ALS was not trained: %s", error)


@shared_task
def clean_up() -> None:
    """Removes what nobody reads any more."""
    with suppress(BusyModelError):  # a rebuild runs, and drops its tables itself
        drop_what_was_left()
    drop_old_samples(timezone.now())
    drop_old_alerts()
    clean_up_recommendations()
    merge_batches(timezone.now() - EVERY_BATCH_FOR)
    RejectedRecord.objects.filter(batch__committed_at__lt=timezone.now() - REJECTED_FOR).delete()
    CollectedMinute.objects.filter(minute__lt=timezone.now() - COLLECTED_FOR).delete()


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
