"""From the spool into Kafka: in the order of the spool for each visitor, each record until it is acknowledged."""

import logging
import threading
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer
from django.conf import settings

from tracking.delivery.client import CONFIG
from tracking.delivery.records import headers_of
from tracking.delivery.steps import Work, run_steps
from tracking.delivery.turn import Turn
from tracking.models import SpooledRecord

ROWS: Final = 1000
MOST_IN_FLIGHT: Final = 10_000
IDLE_SECONDS: Final = 0.2
STOP_SECONDS: Final = 5.0
LOCK: Final = "tracking_drain"

logger = logging.getLogger(__name__)


class Drain(Work):
    """Sends spooled records and deletes what the brokers acknowledged: at least once, never out of a visitor's order.

    A record never expires in the producer, since a later one of its visitor would overtake it. One partition without
    a leader therefore keeps its own records waiting, and no others.
    """

    def __init__(self, client: dict[str, Any] | None = None) -> None:
        self.client = (client or settings.KAFKA_CLIENT) | CONFIG | {"message.timeout.ms": 0, "linger.ms": 5}
        self.sent = 0
        """Records that Kafka has taken since the start."""
        self._reset()

    def _reset(self) -> None:
        self.producer = Producer(self.client, logger=logging.getLogger("tracking.kafka"))
        self.in_flight: set[int] = set()
        self.acknowledged: list[int] = []
        self.last = 0
        self.failed = False

    def run(self, stopping: threading.Event) -> None:
        """Drains until told to stop. One process at a time does; the others wait for their turn."""
        complaint = "Cannot drain the spool; its records wait and are tried again"
        run_steps(self, stopping, complaint=complaint, idle_seconds=IDLE_SECONDS, turn=Turn(LOCK))

    def step(self) -> bool:
        """Sends the next rows and deletes the acknowledged ones; whether there is anything more to do at once."""
        rows: list[SpooledRecord] = []
        if len(self.in_flight) < MOST_IN_FLIGHT:
            if not self.in_flight:
                self.last = 0  # a row that committed late may have a smaller id
            rows = list(SpooledRecord.objects.filter(id__gt=self.last).order_by("id")[:ROWS])
        for row in rows:
            try:
                self._produce(row)
            except BufferError:  # as many bytes as the producer may hold: the rest has its turn after them
                break
            self.in_flight.add(row.id)
            self.last = row.id
        self.producer.poll(0.05 if self.in_flight else 0)
        self._delete_acknowledged()
        if self.failed:
            self.begin_anew()
        return bool(rows or self.in_flight)

    def begin_anew(self) -> None:
        """From the first row that is left, with a new producer: nothing of the old one comes after."""
        self.producer.purge()
        self.producer.flush(STOP_SECONDS)
        self._reset()

    def end(self) -> None:
        """What Kafka takes within a few seconds is not sent again by whoever is next."""
        self.producer.flush(STOP_SECONDS)
        self._delete_acknowledged()

    def _produce(self, row: SpooledRecord) -> None:
        self.producer.produce(
            row.topic,
            None if row.value is None else bytes(row.value),
            key=row.key,
            headers=headers_of(row.topic),
            on_delivery=partial(self._answer, row.id),
        )

    def _answer(self, row_id: int, error: KafkaError | None, _: Message) -> None:
        self.in_flight.discard(row_id)
        if error is None:
            self.acknowledged.append(row_id)
        else:
            logger.warning("Kafka refused a spooled record, which is tried again: %s", error.str())
            self.failed = True

    def _delete_acknowledged(self) -> None:
        if self.acknowledged:
            SpooledRecord.objects.filter(id__in=self.acknowledged).delete()
            self.sent += len(self.acknowledged)
            self.acknowledged = []
