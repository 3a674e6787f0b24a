"""The end of the topic `activity`: what the visitors do right now, as far as it counts for their lists."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import OFFSET_END, KafkaException, Message, TopicPartition

from recommendations.session.pending import PendingEvent
from recommendations.session.records import MOST, Records
from tracking.events import ACTIVITY, EARLIEST_TIME, Event, decode, format_timestamp

GROUP: Final = "session"
MOST_BEHIND: Final = 5_000
"""Records of a partition; whoever is further behind goes on at its end, since Spark brings the rest."""
TIMEOUT: Final = 3.0
ATTEMPTS: Final = 5
RETRY_SECONDS: Final = 0.3
AHEAD: Final = timedelta(hours=24)

logger = logging.getLogger(__name__)


class Done(NamedTuple):
    """What a visitor did. Without an event the visitor was erased at that place of the log."""

    visitor_id: str
    event: PendingEvent | None
    appended_ms: int


class Activity(Records):
    """Reads what is appended from now on, or from where the group left off a moment ago; never a long past."""

    def __init__(self, assigned: Callable[[], None]) -> None:
        super().__init__(ACTIVITY, GROUP, assigned, **{"auto.offset.reset": "latest"})

    def start(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        """Settles at once where it begins: what is appended after the assignment is read."""
        for attempt in range(ATTEMPTS):
            try:
                return [self._begin(at) for at in self.consumer.committed(partitions, TIMEOUT)]
            except KafkaException as error:
                logger.log(
                    logging.INFO if attempt < ATTEMPTS - 1 else logging.WARNING,
                    "Kafka does not tell where the log ends; reading begins there all the same: %s",
                    error,
                )
                time.sleep(RETRY_SECONDS)
        return [TopicPartition(at.topic, at.partition, OFFSET_END) for at in partitions]

    def _begin(self, committed: TopicPartition) -> TopicPartition:
        _, end = self.consumer.get_watermark_offsets(committed, TIMEOUT)
        is_near = max(0, end - MOST_BEHIND) <= committed.offset <= end
        return TopicPartition(committed.topic, committed.partition, committed.offset if is_near else end)

    def read(self) -> list[Message]:
        messages = super().read()
        if len(messages) > MOST // 2:
            self._skip({message.partition() or 0: message.offset() or 0 for message in messages})
        return messages

    def _skip(self, read: Mapping[int, int]) -> None:
        """Goes to the end of each partition that it is too far behind in."""
        for partition, offset in read.items():
            at = TopicPartition(self.topic, partition)
            _, end = self.consumer.get_watermark_offsets(at, cached=True)
            if end - offset > MOST_BEHIND:
                at.offset = end
                self.consumer.seek(at)
                logger.info("%d events of %s-%d are left to Spark.", end - offset - 1, self.topic, partition)


def done(message: Message, weights: Mapping[str, float]) -> Done | None:
    """What the record says that a list counts; None for all else, and for what is Spark's to reject."""
    value, (_, appended_ms) = message.value(), message.timestamp()
    if value is None:
        return _erased(message.key(), appended_ms)
    try:
        event = decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    name = event.event or event.type.value
    if event.left_out or not event.products or not weights.get(name, weights.get("*", 0.0)):
        return None
    appended_at = datetime.fromtimestamp(appended_ms / 1000, UTC)
    if not _is_in_time(event, appended_at):
        return None
    return Done(
        event.visitor_id,
        {
            "eventId": event.event_id,
            "event": name,
            "topic": message.topic(),
            "partition": message.partition(),
            "offset": message.offset(),
            "occurredAt": event.occurred_at,
            "receivedAt": event.received_at,
            "appendedAt": format_timestamp(appended_at),
            "productIds": list(dict.fromkeys(event.products)),
        },
        appended_ms,
    )


def _erased(key: bytes | str | None, appended_ms: int) -> Done | None:
    try:
        return Done(key.decode(), None, appended_ms) if isinstance(key, bytes) else None
    except UnicodeDecodeError:
        return None


def _is_in_time(event: Event, appended_at: datetime) -> bool:
    """Spark refuses other times, and so would Postgres a 30th of February."""
    latest = format_timestamp(appended_at + AHEAD)
    times = (event.occurred_at, event.received_at)
    try:
        return all(EARLIEST_TIME <= time <= latest and datetime.fromisoformat(time) for time in times)
    except ValueError:
        return False
