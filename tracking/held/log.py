"""A visitor's records, out of the log: the blocks that the index names, and what it has not come to yet."""

import threading
import time
from collections.abc import Collection, Iterator
from typing import Final
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from django.conf import settings

from tracking.events import ACTIVITY
from tracking.held.index import BLOCK
from tracking.held.models import IndexedPartition, VisitorBlock

PATIENCE_SECONDS: Final = 5.0
AT_ONCE: Final = 2000
_turn = threading.BoundedSemaphore(2)
"""Readings that one process has under way: asking costs nothing, reading does."""

Range = tuple[int, int]
"""From the first offset to before the second."""


class LogAwayError(Exception):
    """The log cannot be read now; what it holds is still there."""


def records_of(visitors: Collection[str]) -> list[Message]:
    """Every record of theirs since their last erasure, by partition in order. Raises LogAwayError, DatabaseError."""
    if not visitors:
        return []
    if not _turn.acquire(timeout=PATIENCE_SECONDS):
        raise LogAwayError("too many ask for theirs just now")
    try:
        return _read(visitors)
    except KafkaException as error:
        raise LogAwayError(error.args[0].str()) from error
    finally:
        _turn.release()


def _read(visitors: Collection[str]) -> list[Message]:
    keys = {visitor_id.encode() for visitor_id in visitors}
    found: list[Message] = []
    consumer = Consumer(
        settings.KAFKA_CLIENT
        | {
            "group.id": f"held-{uuid4()}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,
            "queued.max.messages.kbytes": 4096,
            "log_level": 0,
        }
    )
    try:
        for record in _records_in(consumer, settings.KAFKA_TOPIC_PREFIX + ACTIVITY, visitors):
            if record.key() not in keys:
                continue
            if record.value() is None:
                found = [before for before in found if before.key() != record.key()]
            else:
                found.append(record)
    finally:
        consumer.close()
    return found


def _records_in(consumer: Consumer, topic: str, visitors: Collection[str]) -> Iterator[Message]:
    known = consumer.list_topics(topic, timeout=PATIENCE_SECONDS).topics[topic]
    if known.error is not None:
        raise KafkaException(known.error)
    waiting: dict[int, list[Range]] = {}
    for partition in known.partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=PATIENCE_SECONDS)
        if ranges := ranges_of(topic, partition, visitors, low, high):
            waiting[partition] = ranges
    while waiting:
        yield from _first_of_each(consumer, topic, {p: ranges.pop(0) for p, ranges in waiting.items()})
        waiting = {p: ranges for p, ranges in waiting.items() if ranges}


def ranges_of(topic: str, partition: int, visitors: Collection[str], low: int, high: int) -> list[Range]:
    """What must be read of a partition that holds the offsets `low` to before `high`."""
    row = IndexedPartition.objects.filter(topic=topic, partition=partition).first()
    indexed = min(row.offset, high) if row else low
    blocks = VisitorBlock.objects.filter(partition=partition, visitor_id__in=list(visitors))
    ranges = [
        (block * BLOCK, min((block + 1) * BLOCK, indexed))
        for block in sorted(set(blocks.values_list("block", flat=True)))
    ]
    joined: list[Range] = []
    for start, end in [*ranges, (indexed, high)]:
        start = max(start, low)
        if start >= end:
            continue
        if joined and joined[-1][1] >= start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _first_of_each(consumer: Consumer, topic: str, ranges: dict[int, Range]) -> Iterator[Message]:
    unread = {partition: end for partition, (_, end) in ranges.items()}
    consumer.incremental_assign(
        [TopicPartition(topic, partition, start) for partition, (start, _) in ranges.items()]
    )
    heard_at = time.monotonic()
    while unread:
        for record in consumer.consume(min(AT_ONCE, BLOCK), timeout=0.05):
            partition, error = record.partition() or 0, record.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                if unread.pop(partition, None) is not None:
                    consumer.incremental_unassign([TopicPartition(topic, partition)])
                continue
            if error is not None:
                raise KafkaException(error)
            heard_at = time.monotonic()
            end, offset = unread.get(partition), record.offset() or 0
            if end is None:
                continue
            if offset < end:
                yield record
            if offset >= end - 1:
                del unread[partition]
                consumer.incremental_unassign([TopicPartition(topic, partition)])
        if time.monotonic() > heard_at + PATIENCE_SECONDS:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"{topic} did not answer in time"))
