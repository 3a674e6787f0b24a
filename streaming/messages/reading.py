"""Reads given offsets of a topic's partitions, in no consumer group."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from django.conf import settings

from streaming.messages.bounds import Span, Spans
from streaming.messages.record import Record, record_of

TIMEOUT: Final = 5.0
POLL_SECONDS: Final = 0.01
AT_ONCE: Final = 2_000

_OPTIONS: Final[dict[str, Any]] = {
    "group.id": "messages",  # the client wants one; nothing is committed and no group is joined
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    # What was deleted meanwhile is passed over.
    "auto.offset.reset": "earliest",
    # What nobody committed is on the log as well.
    "isolation.level": "read_uncommitted",
    # At a partition's end the broker would hold the answer back for half a second, in case something comes.
    "fetch.wait.max.ms": 10,
    "fetch.error.backoff.ms": 20,
    "fetch.message.max.bytes": 262_144,
    "queued.max.messages.kbytes": 4_096,
    "log_level": 0,  # its own lines would only repeat what is raised
}


class NotReadError(Exception):
    """Kafka did not send what was asked for; the message says what to do."""


class LogReader:
    """Reads one topic. Use it as a context: leaving closes its connections."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.consumer = Consumer(settings.KAFKA_CLIENT | _OPTIONS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.consumer.close()

    def read(self, spans: Spans, *, most: int = 0) -> dict[int, list[Record]]:
        """The records of each span in the order of their offsets; fewer than it is long where some were compacted away.

        With `most`, no more than so many of each. Raises NotReadError.
        """
        records: dict[int, list[Record]] = {partition: [] for partition in spans}
        missing = {partition: span for partition, span in spans.items() if span[0] < span[1]}
        if not missing:
            return records
        deadline = time.monotonic() + TIMEOUT
        with _told(self.topic):
            # Partitions that are through are not paused: to take them up again would cost a second.
            self.consumer.assign([TopicPartition(self.topic, p, start) for p, (start, _) in missing.items()])
            for partition, offset, message in self._messages(deadline):
                end = missing[partition][1] if partition in missing else 0
                if message is not None and offset < end:
                    records[partition].append(record_of(message))
                    offset += 1
                if offset >= end > 0 or len(records[partition]) == most > 0:
                    missing.pop(partition, None)
                if not missing:
                    break
        return records

    def _messages(self, deadline: float) -> Iterator[tuple[int, int, Message | None]]:
        """Each message with its place; none at a partition's end."""
        while time.monotonic() < deadline:
            for message in self.consumer.consume(AT_ONCE, POLL_SECONDS):
                partition, offset = message.partition() or 0, message.offset() or 0
                if (error := message.error()) is None:
                    yield partition, offset, message
                elif error.code() == KafkaError._PARTITION_EOF:
                    yield partition, offset, None
                elif not error.retriable():
                    raise KafkaException(error)
        raise NotReadError(
            f"Kafka did not send the records of {self.topic} within {TIMEOUT:g} s: see that the brokers are up"
            " (`make status`), then ask again."
        )


def read_one(topic: str, partition: int, offset: int) -> Record | None:
    """The record at a place, None where it was compacted away. Raises NotReadError."""
    with LogReader(topic) as reader:
        found = reader.read({partition: one(offset)})[partition]
    return found[0] if found else None


def one(offset: int) -> Span:
    return (offset, offset + 1)


@contextmanager
def _told(topic: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise NotReadError(f"Kafka did not send the records of {topic}: {error.args[0].str()}") from error
