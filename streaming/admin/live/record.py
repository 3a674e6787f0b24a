"""One record of the log, read again by its place, and what became of it."""

import time
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import Final
from uuid import UUID

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from django.conf import settings

from recommendations.models import SeenEvent, VisitorEvent, VisitorList
from streaming.admin.live.arrivals import Arrival, arrival_of
from streaming.models import Batch, Position, RejectedRecord
from streaming.topics import topic_name
from tracking.events import ACTIVITY, Event

TIMEOUT: Final = 5.0


class NoRecordError(Exception):
    """The log has no record at this place; the message says why."""


class NotReadError(Exception):
    """Kafka did not answer, so that nobody knows."""


def read_record(partition: int, offset: int) -> Arrival:
    """The record of `activity` at a place. Raises NoRecordError or NotReadError, after some seconds at the most."""
    topic = topic_name(ACTIVITY)
    consumer = Consumer(
        settings.KAFKA_CLIENT
        | {
            "group.id": "live-view",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "fetch.message.max.bytes": 65_536,
            "queued.max.messages.kbytes": 1024,
            "log_level": 0,
        }
    )
    try:
        _check_place(consumer, TopicPartition(topic, partition), offset)
        consumer.assign([TopicPartition(topic, partition, offset)])
        return arrival_of(_first(consumer))
    except KafkaException as error:
        raise NotReadError(
            f"Kafka did not answer at {settings.KAFKA_BOOTSTRAP_SERVERS}: {error.args[0].str()}"
        ) from error
    finally:
        consumer.close()


def _check_place(consumer: Consumer, at: TopicPartition, offset: int) -> None:
    known = consumer.list_topics(at.topic, timeout=TIMEOUT).topics[at.topic]
    if at.partition not in known.partitions:
        raise NoRecordError(f"{at.topic} has no partition {at.partition}.")
    earliest, end = consumer.get_watermark_offsets(at, timeout=TIMEOUT)
    if not earliest <= offset < end:
        raise NoRecordError(f"{at.topic}-{at.partition} holds the offsets {earliest:,} to {end - 1:,}.")


def _first(consumer: Consumer) -> Message:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if (message := consumer.poll(0.2)) is not None:  # a tombstone is falsy
            if error := message.error():
                raise KafkaException(error)
            return message
    raise NotReadError(f"Kafka did not send the record within {TIMEOUT:g} s.")


@dataclass(frozen=True, slots=True)
class Effect:
    """What the pipeline made of a record."""

    batch: Batch | None
    applied: bool
    """Whether the query has passed the record; then a batch of None is one that the ledger no longer tells apart."""
    rejected: str
    """Why it is no event, if that is what Spark found."""
    duplicate_of: datetime | None
    """When the same event was appended first, where this one came again."""
    history: list[VisitorEvent]
    visitor_list: VisitorList | None
    moved: list[dict[str, object]]
    """The items of the visitor's list that this record moved last."""


def effect_of(arrival: Arrival) -> Effect:
    at = {"topic": arrival.topic, "partition": arrival.partition}
    batch = (
        Batch.objects.filter(
            ranges__topic=arrival.topic,
            ranges__partition=arrival.partition,
            ranges__offsets__contains=arrival.offset,
        )
        .select_related("query")
        .first()
    )
    rejected = RejectedRecord.objects.filter(**at, offset=arrival.offset).first()
    visitor_list = VisitorList.objects.filter(pk=arrival.visitor_id).first()
    return Effect(
        batch=batch,
        applied=batch is not None or Position.objects.filter(**at, offset__gt=arrival.offset).exists(),
        rejected=rejected.reason if rejected else "",
        duplicate_of=_first_appended(arrival.event, arrival) if arrival.event and batch else None,
        history=list(VisitorEvent.objects.filter(**at, offset=arrival.offset, visitor_id=arrival.visitor_id)),
        visitor_list=visitor_list,
        moved=_moved(visitor_list, arrival) if visitor_list else [],
    )


def _first_appended(event: Event, arrival: Arrival) -> datetime | None:
    """When the same event came before, as long as that is remembered; None where this is the first."""
    key = md5(f"{event.visitor_id}\x1f{event.event_id}".encode(), usedforsecurity=False).hexdigest()
    seen = SeenEvent.objects.filter(pk=UUID(key)).first()
    if seen is None or seen.appended_at >= arrival.appended_at:
        return None
    return seen.appended_at


def _moved(visitor_list: VisitorList, arrival: Arrival) -> list[dict[str, object]]:
    def is_this(event: dict[str, object]) -> bool:
        place = (arrival.topic, arrival.partition, arrival.offset)
        return (event["topic"], event["partition"], event["offset"]) == place

    return [
        {"place": place, **item}
        for place, item in enumerate(visitor_list.items, 1)
        if is_this(visitor_list.events[item["moved"]])
    ]
