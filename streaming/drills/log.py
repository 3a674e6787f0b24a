"""What stands in the log of the events that a drill sent, and how far the model has come."""

import time
from dataclasses import dataclass, field

import msgspec
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from django.conf import settings
from django.db.models import Sum

from recommendations.models import FoldedMinute
from streaming.connection import UnansweredError
from streaming.lags import QUERY
from streaming.models import Position
from streaming.snapshots import read_ends
from streaming.spool import waiting
from streaming.topics import topic_name
from tracking.events import ACTIVITY

READ_SECONDS = 120.0

Ends = dict[int, int]
"""By partition, the offset after its newest record."""


def ends() -> Ends:
    """Of `activity`. Raises UnansweredError."""
    topic = topic_name(ACTIVITY)
    return {partition: end for (_, partition), end in read_ends([topic]).items()}


def lag() -> int | None:
    """Records that the model has not folded yet; None where Kafka does not tell."""
    try:
        known = ends()
    except UnansweredError:
        return None
    positions = Position.objects.filter(query=QUERY, topic=topic_name(ACTIVITY))
    applied = dict(positions.values_list("partition", "offset"))
    return sum(max(0, end - applied.get(partition, 0)) for partition, end in known.items())


def is_drained() -> bool:
    """Whether nothing waits for Kafka any more."""
    return waiting().records == 0


def is_applied() -> bool:
    """Whether the model has folded the log up to its end."""
    return lag() == 0


def folded(event: str) -> tuple[int, int]:
    """How many events of this name came to the fold, and how many of them it had met before."""
    sums = FoldedMinute.objects.filter(event=event).aggregate(Sum("events"), Sum("duplicates"))
    return sums["events__sum"] or 0, sums["duplicates__sum"] or 0


class _Sent(msgspec.Struct):
    event_id: str = msgspec.field(name="eventId")
    event: str | None = None


@dataclass
class Found:
    """What the log holds of a drill."""

    by_visitor: dict[str, list[str]] = field(default_factory=dict)
    """The ids of each visitor's events, in the order of the log."""
    named: set[str] = field(default_factory=set)
    """Those of the events that bear the drill's own name."""


def read_since(start: Ends, name: str) -> Found:
    """The events since these offsets of the visitors, and of the name, that begin so. Raises KafkaException."""
    decoder = msgspec.json.Decoder(_Sent)
    found = Found()
    last = ends()
    left = {partition for partition, end in last.items() if end > start.get(partition, 0)}
    consumer = Consumer(
        settings.KAFKA_CLIENT | {"group.id": "drills", "enable.auto.commit": False, "log_level": 0}
    )
    try:
        topic = topic_name(ACTIVITY)
        consumer.assign([TopicPartition(topic, p, start.get(p, 0)) for p in left])
        deadline = time.monotonic() + READ_SECONDS
        while left:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(left)} partitions of {topic} could not be read to their ends.")
            for message in consumer.consume(5000, 0.5):
                partition, offset = _place(message)
                visitor, value = (message.key() or b"").decode(), message.value()
                if value and visitor.startswith(name):
                    sent = decoder.decode(value)
                    found.by_visitor.setdefault(visitor, []).append(sent.event_id)
                    if sent.event == name:
                        found.named.add(sent.event_id)
                if offset + 1 >= last[partition]:
                    left.discard(partition)
    finally:
        consumer.close()
    return found


def _place(message: Message) -> tuple[int, int]:
    """Raises KafkaException for what is an error and no record."""
    if (error := message.error()) is not None:
        raise KafkaException(error)
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    return partition, offset
