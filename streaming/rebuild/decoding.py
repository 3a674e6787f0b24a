"""From records of the log to rows of a fold: the same events, products and refusals as Spark's steps give."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from confluent_kafka import Message
from msgspec import Meta

from tracking.events import (
    EARLIEST_TIME,
    MAX_ID_LENGTH,
    MAX_NAME_LENGTH,
    MAX_POSITION,
    MAX_PRODUCTS,
    Event,
    EventType,
    Position,
)

AHEAD: Final = timedelta(hours=24)
TEXTS: Final = (
    "eventId",
    "type",
    "visitorId",
    "occurredAt",
    "receivedAt",
    "event",
    "productId",
    "personId",
    "source",
    "origin",
    "listId",
)
TIMES: Final = re.compile(r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z){2}", re.ASCII)

Identifier = Annotated[str, Meta(min_length=1, max_length=MAX_ID_LENGTH)]
Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]


class Usual(msgspec.Struct, rename="camel", gc=False):
    """The fields that the model reads of an event that looks as the collector writes it. Times are checked apart."""

    event_id: Identifier
    type: EventType
    visitor_id: Identifier
    occurred_at: str
    received_at: str
    event: Name | None = None
    product_id: Identifier | None = None
    product_ids: Annotated[list[Identifier], Meta(max_length=MAX_PRODUCTS)] | None = None
    person_id: Identifier | None = None
    source: Name | None = None
    left_out: bool = False
    origin: Identifier | None = None
    list_id: Identifier | None = None
    positions: list[Position] = []


_decoder = msgspec.json.Decoder(Usual)


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one topic, ready to be copied into a fold."""

    topic: str
    rows: tuple[bytes, ...]
    """For each lane lines of COPY's text format, empty for null; what is no event of the contract is left out."""
    records: int
    rejected: int
    ends: dict[int, int]
    """For each partition that has records here the offset after its last one."""
    appended: dict[int, datetime]
    """For each of those when its newest record was appended."""


@dataclass(slots=True)
class Decoder:
    """Makes batches, of which each visitor's events are in one of so many lanes, in the order of the log.

    Remembers the texts of the append times that it met last: many records share one.
    """

    lanes: int = 1
    moments: dict[int, tuple[str, str]] = field(default_factory=dict)

    def batch(self, topic: str, messages: Iterable[Message]) -> Batch:
        lanes: list[list[str]] = [[] for _ in range(self.lanes)]
        records = rejected = 0
        ends: dict[int, int] = {}
        newest: dict[int, int] = {}
        for message in messages:
            partition, offset, (_, appended_ms) = message.partition(), message.offset(), message.timestamp()
            assert partition is not None
            assert offset is not None
            records += 1
            ends[partition] = offset + 1
            newest[partition] = max(appended_ms, newest.get(partition, 0))
            appended, ahead = self.moments.get(appended_ms) or self._moment(appended_ms)
            value = message.value()
            if value is None:
                line = _tombstone(message.key())
            else:
                line = _line(value if isinstance(value, bytes) else value.encode(), ahead)
            if line is None:
                rejected += 1
            else:
                lane = lanes[hash(line[: line.index("\t")]) % self.lanes]
                lane.append(f"{partition}\t{offset}\t{appended}\t{line}\n")
        appended_at = {p: datetime.fromtimestamp(ms / 1000, UTC) for p, ms in newest.items()}
        rows = tuple("".join(lines).encode() for lines in lanes)
        return Batch(topic, rows, records, rejected, ends, appended_at)

    def _moment(self, milliseconds: int) -> tuple[str, str]:
        """When it was appended, and the latest time that its event may bear."""
        if len(self.moments) > 10_000:
            self.moments.clear()
        appended_at = datetime.fromtimestamp(milliseconds / 1000, UTC)
        found = self.moments[milliseconds] = (_text_of(appended_at), _text_of(appended_at + AHEAD))
        return found


def _line(value: bytes, ahead: str) -> str | None:
    """The record's columns after its place in the log, the visitor first; None where it is no event."""
    event: Usual | Event | None
    try:
        event = _decoder.decode(value)
        if b"\\u0000" in value or not TIMES.fullmatch(event.occurred_at + event.received_at):
            event = _read_as_spark(value)
    except msgspec.DecodeError:
        event = _read_as_spark(value)
    if event is None:
        return None
    occurred_at, received_at = event.occurred_at, event.received_at
    if not (EARLIEST_TIME <= occurred_at <= ahead and EARLIEST_TIME <= received_at <= ahead):
        return None
    try:  # a 30th of February
        datetime.fromisoformat(occurred_at)
        datetime.fromisoformat(received_at)
    except ValueError:
        return None
    products = event.product_ids or ([event.product_id] if event.product_id else [])
    if len(products) > 1:
        products = list(dict.fromkeys(products))
    columns = (
        event.visitor_id,
        event.event_id,
        event.event or event.type.value,
        occurred_at,
        received_at,
        _array(products),
        event.person_id or "",
        event.source or "",
        "t" if event.left_out else "f",
        event.origin or "",
        event.list_id or "",
        f"{{{','.join(map(str, event.positions))}}}" if 0 < len(products) == len(event.positions) else "",
    )
    line = "\t".join(columns)
    if "\\" in line or "\n" in line or "\r" in line or line.count("\t") != len(columns) - 1:
        line = "\t".join(map(_escaped, columns))
    return line


def _tombstone(key: bytes | str | None) -> str | None:
    """The columns of a record that erases its visitor; None where its key is no visitor."""
    try:
        visitor_id = key.decode() if isinstance(key, bytes) else key
    except UnicodeDecodeError:
        return None
    if not visitor_id or len(visitor_id) > MAX_ID_LENGTH or "\0" in visitor_id:
        return None
    return "\t".join([_escaped(visitor_id), *[""] * 7, "f", "", "", ""])


def _array(products: list[str]) -> str:
    joined = '","'.join(products)
    if "\\" in joined or joined.count('"') != 2 * (len(products) - 1):
        joined = '","'.join(p.replace("\\", "\\\\").replace('"', '\\"') for p in products)
    return f'{{"{joined}"}}' if products else "{}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _read_as_spark(value: bytes) -> Event | None:
    """The event as Spark reads it: only the fields of its schema, with numbers taken as text; None where it is none."""
    try:
        raw = msgspec.json.decode(value)
        if not isinstance(raw, dict):
            return None
        read: dict[str, Any] = {name: _text(raw[name]) for name in TEXTS if raw.get(name) is not None}
        if isinstance(listed := raw.get("productIds"), list):
            read["productIds"] = [_text(product_id) for product_id in listed]
        if raw.get("leftOut") is True:
            read["leftOut"] = True
        if _are_positions(positions := raw.get("positions")):
            read["positions"] = positions
        return msgspec.convert(read, Event)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def _are_positions(value: Any) -> bool:
    """Whether the event's positions say something; where they do not, they are passed over like any other field."""
    return isinstance(value, list) and all(type(each) is int and 0 <= each <= MAX_POSITION for each in value)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()


def _text_of(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"
