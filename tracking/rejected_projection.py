"""From the topic `activity.rejected` to the table that the admin lists: each record once, the newest of them."""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from confluent_kafka import Consumer, KafkaException, Message
from django.conf import settings

from tracking import rejected
from tracking.delivery.steps import Work, run_steps
from tracking.events import MAX_ID_LENGTH, REJECTED
from tracking.models import Erasure, RejectedEvent

GROUP: Final = "rejected-events"
KEPT: Final = 200_000
"""Rows kept; the topic keeps the rest."""
AT_ONCE: Final = 500
POLL_SECONDS: Final = 0.5
PRUNE_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 10.0

logger = logging.getLogger(__name__)


class RejectedProjector(Work):
    """Commits to Kafka after Postgres: what is read again after a crash is found there already."""

    def __init__(self, client: dict[str, str] | None = None, *, kept: int = KEPT) -> None:
        self.topic = settings.KAFKA_TOPIC_PREFIX + REJECTED
        self.kept = kept
        self.client: dict[str, object] = {**(client or settings.KAFKA_CLIENT)} | {
            "group.id": settings.KAFKA_TOPIC_PREFIX + GROUP,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "log_level": 0,  # its own lines would only repeat what is logged here
        }

        self.consumer: Consumer | None = None
        self.pruned = -PRUNE_SECONDS

    def run(self, stopping: threading.Event) -> None:
        """Projects until told to stop, and goes on by itself after Kafka or Postgres was away."""
        complaint = "Refused events cannot be listed; they wait in the topic"
        run_steps(self, stopping, complaint=complaint, idle_seconds=0)

    def step(self) -> int:
        """Projects the records that are there, or the next within half a second; how many those were."""
        if self.consumer is None:
            self.consumer = Consumer(self.client)
            self.consumer.list_topics(
                self.topic, timeout=PATIENCE_SECONDS
            )  # a consumer waits for Kafka in silence
            self.consumer.subscribe([self.topic])
        messages = self.consumer.consume(AT_ONCE, timeout=POLL_SECONDS)
        if messages:
            project(messages)
            self.consumer.commit(asynchronous=False)
        if time.monotonic() > self.pruned + PRUNE_SECONDS:
            prune(self.kept)
            self.pruned = time.monotonic()
        return len(messages)

    def begin_anew(self) -> None:
        if self.consumer is not None:
            self.consumer.close()
            self.consumer = None


def project(messages: Sequence[Message]) -> None:
    """Writes the rows of what is not there yet. Raises KafkaException, DatabaseError."""
    rows = [row for message in messages if (row := _row_of(message)) is not None]
    erased = dict(
        Erasure.objects.filter(visitor_id__in={row.visitor_id for row in rows if row.visitor_id})
        .order_by("id")
        .values_list("visitor_id", "erased_at")
    )
    # What an erasure deleted here does not come back when the topic is read again.
    kept = [
        row for row in rows if not row.visitor_id or _is_after(row.rejected_at, erased.get(row.visitor_id))
    ]
    RejectedEvent.objects.bulk_create(kept, ignore_conflicts=True)


def prune(kept: int) -> int:
    """Deletes all but the newest rows; returns how many."""
    last = RejectedEvent.objects.order_by("-id").values_list("id", flat=True)[kept : kept + 1].first()
    return 0 if last is None else RejectedEvent.objects.filter(id__lte=last).delete()[0]


def _row_of(message: Message) -> RejectedEvent | None:
    if error := message.error():
        raise KafkaException(error)
    value = message.value() or b""
    try:
        rejection = rejected.decode(value)
    except msgspec.DecodeError as error:
        logger.warning(
            "%s-%s@%s is no refused event: %s", message.topic(), message.partition(), message.offset(), error
        )
        return None
    return RejectedEvent(
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        rejected_at=datetime.fromisoformat(rejection.rejected_at),
        source=_text(rejection.source, 100),
        reason=_text(rejection.reason, 30),
        field=_text(rejection.field, 200),
        detail=_text(rejection.detail, 1000),
        visitor_id=_text(rejection.visitor_id, MAX_ID_LENGTH) if rejection.visitor_id else None,
        message_id=_text(rejection.message_id, MAX_ID_LENGTH) if rejection.message_id else None,
        record=value,
    )


def _text(text: str, most: int) -> str:
    """As PostgreSQL takes it: one row that it refuses would hold up all that follow."""
    return text.replace("\x00", "")[:most]


def _is_after(moment: datetime, erased_at: datetime | None) -> bool:
    return erased_at is None or moment > erased_at
