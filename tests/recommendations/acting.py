"""What visitors do, appended to the topic `activity` as the collector appends it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from confluent_kafka import KafkaError, Message, Producer
from django.conf import settings

from streaming.topics import topic_name
from tests.recommendations.reference import Done
from tracking.events import ACTIVITY, Event, EventType, encode, format_timestamp


class Log:
    """Appends, all to one partition unless told otherwise, so that their order is theirs."""

    def __init__(self) -> None:
        self.producer = Producer(settings.KAFKA_CLIENT | {"acks": "all", "linger.ms": 0})

    def append(self, *records: tuple[str, bytes | None], partition: int = 0) -> list[Message]:
        """Records as they are: key and value. Returns when they are in the log, with where."""
        delivered: list[Message] = []

        def landed(error: KafkaError | None, message: Message) -> None:
            assert error is None, error
            delivered.append(message)

        for key, value in records:
            self.producer.produce(
                topic_name(ACTIVITY), value, key=key, partition=partition, on_delivery=landed
            )
        assert self.producer.flush(20) == 0
        return delivered

    def act(self, *events: Event, partition: int = 0) -> list[Done]:
        """What Spark's fold is given of them."""
        landed = self.append(*((e.visitor_id, encode(e)) for e in events), partition=partition)
        return [_done(event, message) for event, message in zip(events, landed, strict=True)]


def event(
    visitor: str,
    *products: str,
    name: str = "Product Viewed",
    event_id: str | None = None,
    left_out: bool = False,
    person: str | None = None,
) -> Event:
    now = format_timestamp(datetime.now(UTC))
    return Event(
        event_id=event_id or str(uuid4()),
        type=EventType.TRACK,
        event=name,
        visitor_id=visitor,
        occurred_at=now,
        received_at=now,
        product_ids=list(products),
        left_out=left_out,
        person_id=person,
    )


def _done(event: Event, message: Message) -> Done:
    _, appended_ms = message.timestamp()
    return Done(
        event.visitor_id,
        event.event_id,
        event.event or "",
        tuple(event.products),
        datetime.fromtimestamp(appended_ms / 1000, UTC),
        message.partition() or 0,
        message.offset() or 0,
        event.person_id,
        left_out=event.left_out,
    )


def version_of(events: Sequence[Done]) -> int:
    return round(events[-1].at.timestamp() * 1000)
