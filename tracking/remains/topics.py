"""A visitor's records in the log, which is read from its beginning to its end."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from django.conf import settings

from tracking.events import ACTIVITY, REJECTED
from tracking.remains.place import Place
from tracking.remains.reading import in_event, in_rejection, speaks_of

PATIENCE_SECONDS: Final = 20.0
AT_ONCE: Final = 1000
WAIT_SECONDS: Final = 0.2


def in_topics(visitor_id: str, key: bytes | None, erased_at: datetime | None) -> list[Place]:
    """Raises KafkaException where the log cannot be read to its end."""
    activity, refused = (
        Place(settings.KAFKA_TOPIC_PREFIX + ACTIVITY),
        Place(settings.KAFKA_TOPIC_PREFIX + REJECTED),
    )
    read: list[
        tuple[Place, Callable[[Message, bytes], bool], Callable[..., tuple[dict[str, object], str | None]]]
    ] = [
        (activity, lambda record, _: record.key() == visitor_id.encode(), in_event),
        (refused, lambda _, value: speaks_of(value, visitor_id), in_rejection),
    ]
    for place, is_theirs, reading in read:
        for record in records_of(place.name):
            value = record.value() or b""
            if not is_theirs(record, value):
                continue
            found, at = reading(value, key) if value else ({}, None)  # without a value it is the tombstone
            place.add(found, at=datetime.fromisoformat(at) if at else None, erased_at=erased_at)
    return [activity, refused]


def records_of(topic: str) -> Iterator[Message]:
    """Each record that is in a topic when this begins. Raises KafkaException."""
    consumer = Consumer(
        settings.KAFKA_CLIENT
        | {"group.id": f"find-visitor-{uuid4()}", "enable.auto.commit": False, "enable.partition.eof": True}
    )
    try:
        known = consumer.list_topics(topic, timeout=PATIENCE_SECONDS).topics[topic]
        if known.error is not None:
            raise KafkaException(known.error)
        unread = set(known.partitions)
        consumer.assign([TopicPartition(topic, partition, 0) for partition in unread])
        silent_since = time.monotonic()
        while unread:
            records = consumer.consume(AT_ONCE, timeout=WAIT_SECONDS)  # waits for all of them, or so long
            if records:
                silent_since = time.monotonic()
            elif time.monotonic() > silent_since + PATIENCE_SECONDS:
                raise KafkaException(
                    KafkaError(KafkaError._TIMED_OUT, f"{topic} could not be read to its end")
                )
            for record in records:
                error = record.error()
                if error is None:
                    yield record
                elif error.code() == KafkaError._PARTITION_EOF:
                    unread.discard(record.partition())
                else:
                    raise KafkaException(error)
    finally:
        consumer.close()
