"""A record of any topic, as it stands in the log."""

from dataclasses import dataclass
from datetime import UTC, datetime

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Message

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Record:
    topic: str
    partition: int
    offset: int
    milliseconds: int
    """Since 1970; below 0 where the record bears no time."""
    appended: bool
    """Whether the time is the broker's, of the append, and not the producer's."""
    key: bytes | None
    value: bytes | None
    """None is a tombstone."""
    headers: Headers

    @property
    def place(self) -> str:
        return f"{self.topic}-{self.partition}@{self.offset}"

    @property
    def at(self) -> datetime | None:
        return datetime.fromtimestamp(self.milliseconds / 1000, UTC) if self.milliseconds >= 0 else None

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key or b"") + len(self.value or b"")


def record_of(message: Message) -> Record:
    kind, milliseconds = message.timestamp()
    return Record(
        topic=str(message.topic()),
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        milliseconds=milliseconds,
        appended=kind == TIMESTAMP_LOG_APPEND_TIME,
        key=_octets(message.key()),
        value=_octets(message.value()),
        headers=tuple((name, _octets(value)) for name, value in _headers(message)),
    )


def _headers(message: Message) -> list[tuple[str, str | bytes | None]]:
    headers = message.headers()
    return headers if isinstance(headers, list) else []


def _octets(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
