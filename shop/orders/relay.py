"""From the facts of orders to the topic `orders`: in the order of each order, none left out.

A fact is on the in-sync brokers before the position moves. What was sent by a process that died before it moved the
position is found at the ends of the topic, and not sent again. Should one land twice all the same, both have the same
`eventId`.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from django.conf import settings
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import Notification, PersistenceError
from eventsourcing.utils import get_topic

from shop.facts.application import facts
from shop.facts.following import fact_of, last_place
from shop.facts.models import Position
from shop.orders.projection import ORDER_FACTS
from tracking.delivery.sender import PATIENCE_SECONDS, Keyed, NotAcknowledgedError, Sender
from tracking.delivery.steps import AWAY, Work, run_steps
from tracking.delivery.turn import Turn
from tracking.events import format_timestamp

TOPIC: Final = "orders"
PLACE: Final = "notification-id"
"""Header with the fact's place in the log of facts: it grows along each partition."""
FOLLOWER: Final = "relay"
AT_ONCE: Final = 500
IDLE_SECONDS: Final = 0.25
LOCK: Final = "shop.orders.relay"


class OrdersRelay(Work):
    """One process at a time sends; the others wait for their turn."""

    def __init__(self, client: dict[str, Any] | None = None) -> None:
        self.client = client or settings.KAFKA_CLIENT
        self.topic = settings.KAFKA_TOPIC_PREFIX + TOPIC
        self.sender = Sender(self.client, self.topic, logging.getLogger("shop.orders.kafka"))
        self.landed: set[int] = set()
        """Places of facts that were on the topic, beyond the position, when the sender began."""

    def run(self, stopping: threading.Event) -> None:
        """Sends until told to stop, and goes on by itself after Kafka or Postgres was away."""
        run_steps(
            self,
            stopping,
            complaint="Orders cannot be relayed; they wait and are tried again",
            idle_seconds=IDLE_SECONDS,
            turn=Turn(LOCK),
            errors=(*AWAY, PersistenceError),
        )

    def step(self) -> int:
        """Sends the next facts and moves the position behind them; how many places it moved."""
        position = Position.objects.filter(follower=FOLLOWER).first() or Position(follower=FOLLOWER)
        end = last_place()
        if position.notification_id >= end:
            return 0
        found = facts().recorder.select_notifications(
            position.notification_id,
            AT_ONCE,
            end,
            [get_topic(k) for k in ORDER_FACTS],
            inclusive_of_start=False,
        )
        self._send(found)
        reached = found[-1].id if len(found) == AT_ONCE else end
        moved, position.notification_id = reached - position.notification_id, reached
        position.save()
        return moved

    def _send(self, found: Sequence[Notification]) -> None:
        if not found:
            return
        if self.sender.is_new:
            self.landed = places_at_the_ends(self.client, self.topic, AT_ONCE)
        self.sender.send(_keyed(notification) for notification in found if notification.id not in self.landed)

    def begin_anew(self) -> None:
        """Nothing of the old producer comes after, and the topic's ends are read again."""
        self.sender.drop()


def _keyed(notification: Notification) -> Keyed:
    fact = fact_of(notification)
    headers = [(PLACE, str(notification.id)), ("schema-version", "1")]
    return Keyed(str(fact.originator_id), msgspec.json.encode(record_of(fact)), headers)


def record_of(fact: DomainEvent) -> dict[str, Any]:
    """A fact as it stands on the topic. `eventId` is the same whenever and by whomever it is sent."""
    own = {"originator_id", "originator_version", "originator_topic", "timestamp"}
    return {
        "eventId": f"{fact.originator_id}-{fact.originator_version}",
        "orderId": str(fact.originator_id),
        "version": fact.originator_version,
        "type": type(fact).__name__,
        "occurredAt": format_timestamp(fact.timestamp),
        "data": {name: value for name, value in vars(fact).items() if name not in own},
    }


def places_at_the_ends(client: dict[str, Any], topic: str, depth: int) -> set[int]:
    """The places that the last `depth` records of each partition bear. Raises KafkaException."""
    consumer = Consumer(
        client | {"group.id": f"{topic}-ends", "enable.auto.commit": False, "enable.partition.eof": True}
    )
    try:
        found = consumer.list_topics(topic, timeout=PATIENCE_SECONDS).topics[topic]
        if found.error is not None:
            raise KafkaException(found.error)
        starts, waiting = [], set()
        for partition in found.partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), PATIENCE_SECONDS)
            if high > low:
                starts.append(TopicPartition(topic, partition, max(low, high - depth)))
                waiting.add(partition)
        if starts:
            consumer.assign(starts)
        return set(_places(consumer, waiting))
    finally:
        consumer.close()


def _places(consumer: Consumer, waiting: set[int | None]) -> Iterator[int]:
    """Reads each of the partitions to its end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while waiting:
        if time.monotonic() > deadline:
            raise NotAcknowledgedError("the ends of the topic cannot be read")
        message = consumer.poll(0.5)
        if message is None:
            continue
        if (error := message.error()) is None:
            place = dict(message.headers() or []).get(PLACE)
            if place is not None:
                yield int(place)
        elif error.code() == KafkaError._PARTITION_EOF:
            waiting.discard(message.partition())
        else:
            raise KafkaException(error)
