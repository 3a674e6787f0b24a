"""One message, put into a topic by hand. What the topic's contract forbids is refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from django.conf import settings

from streaming.messages.record import Headers, Record, record_of
from streaming.topics import topic_name
from tracking import events, rejected
from tracking.commerce import split
from tracking.counts import Counts, write
from tracking.delivery.client import CONFIG
from tracking.delivery.records import headers_of
from tracking.events import ACTIVITY, REJECTED, Event

SECONDS: Final = 8.0
SOURCE: Final = "admin"
"""Under which name an event without a source is counted as accepted, so that the ledger adds up."""


class BadMessageError(ValueError):
    """The topic does not take it; the message says why and what to do."""


class NotProducedError(Exception):
    """Kafka did not take it, or did not say so; the message says which."""


@dataclass(frozen=True, slots=True)
class Draft:
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None
    """None where the key decides."""


def checked(draft: Draft) -> Draft:
    """The message as it goes into the topic. Raises BadMessageError."""
    if draft.topic == topic_name(ACTIVITY):
        return _checked_event(draft)
    if draft.topic == topic_name(REJECTED):
        try:
            rejected.decode(draft.value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadMessageError(f"It is no refused event: {error}.") from error
    return draft


def produce(draft: Draft) -> Record:
    """Puts a checked message into its topic; returns it as it stands there. Raises NotProducedError."""
    landed: list[Record] = []
    failed: list[KafkaError] = []

    def answered(error: KafkaError | None, message: Message) -> None:
        if error is None:
            landed.append(record_of(message))
        else:
            failed.append(error)

    producer = Producer(
        settings.KAFKA_CLIENT | CONFIG | {"message.timeout.ms": int(SECONDS * 1000), "log_level": 0}
    )
    chosen: dict[str, Any] = {} if draft.partition is None else {"partition": draft.partition}
    try:
        producer.produce(
            draft.topic, draft.value, draft.key, headers=list(draft.headers), on_delivery=answered, **chosen
        )
        producer.flush(SECONDS + 1)
    except (BufferError, KafkaException) as error:
        raise NotProducedError(f"Kafka did not take it: {error}.") from error
    if failed:
        raise NotProducedError(f"Kafka did not take it: {failed[0].str()}.")
    if not landed:
        raise NotProducedError(
            f"Kafka has not answered within {SECONDS:g} s: the message may be in the topic or not. Look there first."
        )
    if draft.topic == topic_name(ACTIVITY) and draft.value is not None:
        _count(events.decode(draft.value))
    return landed[0]


def _checked_event(draft: Draft) -> Draft:
    if draft.value is None:
        raise BadMessageError(
            "A tombstone says that its visitor was erased: use Erasures, which erases as well."
        )
    try:
        event = events.decode(draft.value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessageError(f"It is no event of the contract: {error}.") from error
    if found := _identifying(event):
        raise BadMessageError(
            f"{found} may identify the visitor, and nobody could erase it here: send it to the collector,"
            " which seals it."
        )
    if draft.key is not None and draft.key != event.visitor_id.encode():
        raise BadMessageError(
            f"The key of an event is its visitorId, {event.visitor_id}: leave it empty and it is."
        )
    if draft.partition is not None:
        raise BadMessageError("Of events the key chooses the partition, so that a visitor's stay in order.")
    return Draft(
        draft.topic,
        event.visitor_id.encode(),
        draft.value,
        draft.headers or _with_schema(draft.topic),
    )


def _identifying(event: Event) -> str:
    """The first field that the collector would have sealed."""
    if event.user_id is not None:
        return "userId"
    if event.context:
        return "context"
    return next((f"properties.{name}" for name in split(event.properties).identifying), "")


def _with_schema(topic: str) -> Headers:
    return tuple(
        (name, value.encode() if isinstance(value, str) else value) for name, value in headers_of(topic)
    )


def _count(event: Event) -> None:
    counts = Counts()
    received_at = datetime.fromisoformat(event.received_at)
    counts.add(event.source or SOURCE, event.event or event.type, "accepted", at=received_at)
    write(counts.take())
