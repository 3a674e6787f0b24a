"""From the table of changed visitors to the topic `recommendations`: what committed is told, also after a crash."""

from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from django.conf import settings
from django.db import transaction

from recommendations.models import ChangedVisitor
from recommendations.notices import Notice, encode
from tracking.events import RECOMMENDATIONS

CHANNEL = "recommendations_changed"
"""What Postgres notifies when a batch has committed."""
MAX_ROWS = 2000
DELIVERY_SECONDS = 5


class NotSentError(Exception):
    """The brokers did not acknowledge: the rows are still there and are sent again."""


class Outbox:
    """Sends the changed visitors and deletes what the brokers acknowledged: at least once, never forgotten."""

    def __init__(self, client: dict[str, Any] | None = None) -> None:
        self.topic = settings.KAFKA_TOPIC_PREFIX + RECOMMENDATIONS
        self.client: dict[str, Any] = (client or settings.KAFKA_CLIENT) | {
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 0,
            "partitioner": "murmur2_random",
            "message.timeout.ms": DELIVERY_SECONDS * 1000,
        }
        self.producer = Producer(self.client)

    def send(self) -> int:
        """Sends up to `MAX_ROWS` rows, one message for each visitor; returns how many rows it took.

        Raises NotSentError. Several relays may run: rows that one holds are left alone by the others.
        """
        with transaction.atomic():
            rows = list(ChangedVisitor.objects.select_for_update(skip_locked=True).order_by("id")[:MAX_ROWS])
            if rows:
                oldest_first = sorted(rows, key=lambda row: row.version)
                self._deliver({row.visitor_id: row.version for row in oldest_first})
                ChangedVisitor.objects.filter(id__in=[row.id for row in rows]).delete()
        return len(rows)

    def _deliver(self, versions: dict[str, int]) -> None:
        errors: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                errors.append(error)

        try:
            for visitor_id, version in versions.items():
                value = encode(Notice(visitor_id, version))
                self.producer.produce(self.topic, value, key=visitor_id, on_delivery=delivered)
        except (BufferError, KafkaException) as error:
            raise NotSentError(str(error)) from error
        waiting = self.producer.flush(DELIVERY_SECONDS + 1)
        if any(error.fatal() for error in errors):
            self.producer = Producer(self.client)  # the old one will never send again
        if errors or waiting:
            raise NotSentError(errors[0].str() if errors else f"{waiting} messages without an answer")
