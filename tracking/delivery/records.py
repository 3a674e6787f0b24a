"""A record on its way to Kafka, straight or through the spool."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
from django.conf import settings

from tracking import events, rejected
from tracking.events import ACTIVITY, REJECTED, SCHEMA_VERSION, SCHEMA_VERSION_HEADER, Event
from tracking.rejected import Rejection

ACTIVITY_HEADERS: list[tuple[str, str | bytes | None]] = [
    (SCHEMA_VERSION_HEADER, str(SCHEMA_VERSION).encode())
]


class Record(msgspec.Struct, frozen=True):
    """A record of a topic, whose name bears the prefix of this installation."""

    topic: str
    key: str | None
    """The visitor, whose records keep their order."""
    value: bytes | None
    """None is a tombstone: the visitor was erased."""
    source: str = ""
    event: str = ""
    """Under which name it is counted."""


class _Received(msgspec.Struct, rename="camel"):
    received_at: str | None = None


_receipts = msgspec.json.Decoder(_Received)


def received_at(value: bytes | None) -> datetime:
    """When the event of a record was received; now for what is no event."""
    try:
        told = _receipts.decode(value or b"{}").received_at
    except msgspec.DecodeError:
        told = None
    return datetime.fromisoformat(told) if told else datetime.now(UTC)


def record_of_event(event: Event) -> Record:
    return records_of_events([event])[0]


def records_of_events(accepted: Iterable[Event]) -> list[Record]:
    topic = settings.KAFKA_TOPIC_PREFIX + ACTIVITY
    return [
        Record(topic, event.visitor_id, events.encode(event), event.source or "", event.event or event.type)
        for event in accepted
    ]


def record_of_rejection(rejection: Rejection) -> Record:
    """Without a key: refused events have no order, and go to any partition."""
    return Record(
        settings.KAFKA_TOPIC_PREFIX + REJECTED, None, rejected.encode(rejection), rejection.source, ""
    )


def tombstone_of(visitor_id: str) -> Record:
    """What tells every reader of the log, at this point of the visitor's order, to forget the visitor."""
    return Record(settings.KAFKA_TOPIC_PREFIX + ACTIVITY, visitor_id, None)


def headers_of(topic: str) -> list[tuple[str, str | bytes | None]]:
    return ACTIVITY_HEADERS if topic.endswith(ACTIVITY) else []
