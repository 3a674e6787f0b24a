"""A record of the log as it is shown: told apart from others by its place, readable or not."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from confluent_kafka import Message

from tracking.events import Event, decode, format_timestamp

ERASURE = "erasure"
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Arrival:
    topic: str
    partition: int
    offset: int
    appended_at: datetime
    visitor_id: str
    event: Event | None
    """None of the mark of an erasure, and of what is no event of the contract."""
    problem: str = ""

    @property
    def place(self) -> str:
        return f"{self.topic}-{self.partition}@{self.offset}"

    @property
    def kind(self) -> str:
        """The type of the event, or what the record is instead."""
        if self.event is not None:
            return self.event.type.value
        return UNREADABLE if self.problem else ERASURE

    @property
    def name(self) -> str:
        """The event's name; a page view has none."""
        return (self.event.event if self.event else None) or ""

    @property
    def source(self) -> str:
        return (self.event.source if self.event else None) or ""


def arrival_of(message: Message) -> Arrival:
    """What a record holds; a value of null says that its visitor was erased."""
    _, milliseconds = message.timestamp()
    value, event, problem = message.value(), None, ""
    if value is not None:
        try:
            event = decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            problem = str(error)
    key = message.key()
    return Arrival(
        topic=str(message.topic()),
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        appended_at=datetime.fromtimestamp(milliseconds / 1000, UTC),
        visitor_id=event.visitor_id
        if event
        else key.decode(errors="replace")
        if isinstance(key, bytes)
        else "",
        event=event,
        problem=problem,
    )


def summary(arrival: Arrival) -> dict[str, Any]:
    """A line of the live view. What identifies is not in it: that is sealed."""
    event = arrival.event
    return {
        "partition": arrival.partition,
        "offset": arrival.offset,
        "appendedAt": format_timestamp(arrival.appended_at),
        "kind": arrival.kind,
        "event": arrival.name,
        "visitorId": arrival.visitor_id,
        "products": event.products if event else [],
        "source": arrival.source,
        "marks": _marks(event),
    }


def _marks(event: Event | None) -> list[str]:
    if event is None:
        return []
    return [word for word, holds in (("bot", event.bot), ("left out", event.left_out)) if holds]
