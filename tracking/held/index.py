"""From `activity` to the index: in which blocks of the log each visitor has events.

Only keys are looked at. A row is written when a visitor first comes up in a block, so that there are about as many rows
as visits, not as events. Rows and position are committed together: nothing is missed, whoever dies.
"""

import threading
import time
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from django.conf import settings
from django.db import transaction

from tracking.delivery.steps import Work, run_steps
from tracking.events import ACTIVITY, MAX_ID_LENGTH
from tracking.held.models import IndexedPartition, VisitorBlock

BLOCK: Final = 5000
AT_ONCE: Final = 5000
FETCHED_BYTES: Final = 1_000_000
POLL_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 20.0
"""How often it looks whether the topic has more partitions by now."""
PATIENCE_SECONDS: Final = 10.0


class Indexer(Work):
    """The one writer of the index; a second one would do the same work twice, and no harm."""

    def __init__(self) -> None:
        self.topic = settings.KAFKA_TOPIC_PREFIX + ACTIVITY
        self.consumer: Consumer | None = None
        self.looked = 0.0
        self.known: dict[int, tuple[int, set[str]]] = {}
        """By partition: the block that was written last, and whom it is known to hold."""

    def run(self, stopping: threading.Event) -> None:
        """Indexes until told to stop, and goes on by itself after Kafka or Postgres was away."""
        complaint = "The index of visitors' events waits, and goes on by itself"
        run_steps(self, stopping, complaint=complaint, idle_seconds=0)

    def step(self) -> int:
        """Indexes the records that are there, or the next within half a second; how many those were."""
        if self.consumer is None:
            self.consumer = Consumer(
                settings.KAFKA_CLIENT
                | {
                    "group.id": f"held-index-{uuid4()}",  # a group that never commits: the position is ours
                    "enable.auto.commit": False,
                    "auto.offset.reset": "earliest",  # what the log no longer has
                    # Seldom and much: nobody waits for it, and the brokers have better things to do.
                    "fetch.min.bytes": FETCHED_BYTES,
                    "fetch.wait.max.ms": 500,
                    "log_level": 0,
                }
            )
        if time.monotonic() > self.looked + LOOK_SECONDS:
            self.assign(self.consumer)
            self.looked = time.monotonic()
        messages = self.consumer.consume(AT_ONCE, timeout=POLL_SECONDS)
        if messages:
            self.index(messages)
        return len(messages)

    def begin_anew(self) -> None:
        self.known.clear()
        self.looked = 0.0
        if self.consumer is not None:
            self.consumer.close()
            self.consumer = None

    def assign(self, consumer: Consumer) -> None:
        """Goes on where the index ends, or from the beginning where the topic was made anew. Raises KafkaException."""
        found = consumer.list_topics(self.topic, timeout=PATIENCE_SECONDS).topics[self.topic]
        if found.error is not None:
            raise KafkaException(found.error)
        reading = {assigned.partition for assigned in consumer.assignment()}
        new = [
            TopicPartition(self.topic, number, self.start_of(consumer, number))
            for number in set(found.partitions) - reading
        ]
        if new:
            consumer.incremental_assign(new)

    def start_of(self, consumer: Consumer, partition: int) -> int:
        row = IndexedPartition.objects.filter(topic=self.topic, partition=partition).first()
        if row is None:
            return OFFSET_BEGINNING
        _, end = consumer.get_watermark_offsets(
            TopicPartition(self.topic, partition), timeout=PATIENCE_SECONDS
        )
        if row.offset <= end:
            return row.offset
        with transaction.atomic():
            VisitorBlock.objects.filter(partition=partition).delete()
            row.delete()
        return OFFSET_BEGINNING

    def index(self, messages: Sequence[Message]) -> None:
        """Writes down who is in which block. Raises KafkaException, DatabaseError."""
        found: dict[tuple[str, int, int], None] = {}
        erased: set[str] = set()
        ends: dict[int, int] = {}
        for message in messages:
            if error := message.error():
                raise KafkaException(error)
            partition, offset = message.partition() or 0, message.offset() or 0
            ends[partition] = offset + 1
            visitor_id = (message.key() or b"").decode(errors="replace").replace("\x00", "")
            if not 0 < len(visitor_id) <= MAX_ID_LENGTH:
                continue
            if (
                not len(message) and message.value() is None
            ):  # erased: what was before it is nobody's any more
                erased.add(visitor_id)
                found = {place: None for place in found if place[0] != visitor_id}
                for _, visitors in self.known.values():
                    visitors.discard(visitor_id)
            elif self.is_new(visitor_id, partition, offset // BLOCK):
                found[visitor_id, partition, offset // BLOCK] = None
        with transaction.atomic():
            if erased:
                VisitorBlock.objects.filter(visitor_id__in=erased).delete()
            VisitorBlock.objects.bulk_create(
                [VisitorBlock(visitor_id=v, partition=p, block=b) for v, p, b in sorted(found)],
                ignore_conflicts=True,
            )
            IndexedPartition.objects.bulk_create(
                [IndexedPartition(topic=self.topic, partition=p, offset=end) for p, end in ends.items()],
                update_conflicts=True,
                unique_fields=["topic", "partition"],
                update_fields=["offset"],
            )

    def is_new(self, visitor_id: str, partition: int, block: int) -> bool:
        last, visitors = self.known.get(partition, (-1, set()))
        if last != block:
            visitors = set()
            self.known[partition] = (block, visitors)
        if visitor_id in visitors:
            return False
        visitors.add(visitor_id)
        return True
