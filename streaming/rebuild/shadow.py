"""A second model in a schema of its own, folded from the log by the same SQL function as the live one."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from confluent_kafka import Message

from streaming.jobs.fold import Connection, copy_events, fold, open_fold
from tracking.events import EARLIEST_TIME, MAX_ID_LENGTH, MAX_POSITION, Event

SCHEMA = "rebuild"
FACTS = (
    "recommendations_pair",
    "recommendations_basketpair",
    "recommendations_productcount",
    "recommendations_productrhythm",
    "recommendations_producthour",
    "recommendations_visitorevent",
    "recommendations_visitorperson",
    "recommendations_purchase",
    "recommendations_seenevent",
    "recommendations_foldedminute",
    "recommendations_visitororigin",
    "recommendations_originday",
    "recommendations_listhour",
    "recommendations_listvisitor",
    "recommendations_listclick",
    "recommendations_exposure",
    "recommendations_exposurehour",
)
TEXTS = (
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
EARLIEST = datetime.fromisoformat(EARLIEST_TIME)
AHEAD = timedelta(hours=24)
SETTINGS = ("recommendations_parameters", "recommendations_eventweight")


class RebuildRunsError(Exception):
    """There is one shadow, and somebody else has it."""


class Shadow:
    """The schema, on a connection whose search path finds its tables before the live ones."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.topic = ""
        self.batches = 0
        self.events = 0
        self.duplicates = 0
        self.rejected = 0

    def create(self) -> None:
        """Empty tables like the live ones, with the live parameters; whatever an earlier rebuild left is dropped."""
        execute = self.connection.execute
        if execute("SELECT pg_try_advisory_lock(hashtext(%s))", (SCHEMA,)).fetchone() != (True,):
            raise RebuildRunsError("Another rebuild runs against this database: wait until it has ended.")
        execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        execute(f"CREATE SCHEMA {SCHEMA}")
        for table in FACTS + SETTINGS:
            execute(f"CREATE TABLE {SCHEMA}.{table} (LIKE public.{table} INCLUDING ALL)")
        for table in SETTINGS:
            execute(f"INSERT INTO {SCHEMA}.{table} SELECT * FROM public.{table}")  # noqa: S608
        execute(f"SET search_path = {SCHEMA}, public")
        open_fold(self.connection)

    def drop(self) -> None:
        self.connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")

    def fold(self, messages: Iterable[Message]) -> None:
        """Folds records in one transaction; what is no event of the contract is counted as rejected."""
        rows = []
        for message in messages:
            self.events += 1
            if (row := _row_of(message)) is None:
                self.rejected += 1
            else:
                rows.append(row)
            self.topic = message.topic() or ""
        with self.connection.transaction():
            copy_events(self.connection, rows)
            folded = fold(self.connection, self.batches, self.topic, derive_lists=False)
        self.duplicates += folded.duplicates
        self.batches += 1

    def clean_up(self, watermarks: Mapping[int, datetime | None]) -> None:
        """Forgets what the live model may forget, so that both can be compared row by row."""
        for partition, appended_at in watermarks.items():
            if appended_at is not None:
                self.connection.execute(
                    "DELETE FROM recommendations_seenevent WHERE partition = %s"
                    " AND appended_at <= %s::timestamptz - interval '24 hours'",
                    (partition, appended_at),
                )


def _row_of(message: Message) -> tuple[Any, ...] | None:
    value, (_, appended_ms) = message.value(), message.timestamp()
    appended_at = datetime.fromtimestamp(appended_ms / 1000, UTC)
    place = (message.partition(), message.offset(), appended_at)
    if value is None:
        erased = _visitor_of(message.key())
        return None if erased is None else (*place, erased, *[None] * 7, False, None, None, None)
    event = _event_of(value, appended_at)
    if event is None:
        return None
    return (
        *place,
        event.visitor_id,
        event.event_id,
        event.event or event.type.value,
        event.occurred_at,
        event.received_at,
        products := list(dict.fromkeys(event.products)),
        event.person_id,
        event.source,
        event.left_out,
        event.origin,
        event.list_id,
        event.positions if len(event.positions) == len(products) > 0 else None,
    )


def _visitor_of(key: bytes | str | None) -> str | None:
    """Whom a tombstone erases; None where its key is no visitor."""
    try:
        visitor_id = key.decode() if isinstance(key, bytes) else key
    except UnicodeDecodeError:
        return None
    return visitor_id if visitor_id and len(visitor_id) <= MAX_ID_LENGTH and "\0" not in visitor_id else None


def _event_of(value: bytes, appended_at: datetime) -> Event | None:
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
        event = msgspec.convert(read, Event)
        for moment in (event.occurred_at, event.received_at):
            if not EARLIEST <= datetime.fromisoformat(moment) <= appended_at + AHEAD:
                return None
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors, and so is a 30th of February
        return None
    return event


def _are_positions(value: Any) -> bool:
    """Whether the event's positions say something; where they do not, they are passed over like any other field."""
    return isinstance(value, list) and all(type(each) is int and 0 <= each <= MAX_POSITION for each in value)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()
