"""A history as events of the contract, into the log, as fast as the brokers take it."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import groupby
from typing import Final

from confluent_kafka import KafkaError, Message, Producer
from django.conf import settings

from streaming.evaluation.history import History, Interaction
from tracking.counts import counts, write
from tracking.delivery.client import CONFIG
from tracking.delivery.records import headers_of, record_of_event
from tracking.events import MAX_PRODUCTS, Event, EventType, format_timestamp

FLUSH_SECONDS: Final = 60.0


class NotSentError(Exception):
    """The brokers did not take an event; what was acknowledged before it is in the log."""


def events_of(history: History, source: str) -> Iterator[Event]:
    """Each row is an event; the rows of one basket are one.

    Ids come from what the rows say: a file that is sent again within 24 hours is known by them, and changes nothing.
    """
    received = format_timestamp(datetime.now(UTC))
    for milliseconds, rows in groupby(history, lambda row: row.milliseconds):
        occurred = format_timestamp(datetime.fromtimestamp(milliseconds / 1000, UTC))
        alike: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
        for visitor, name, products in _done_together(rows):
            same = (visitor, name, products)
            alike[same] += 1
            told = "\x1f".join((name, occurred, str(alike[same]), *products))
            yield Event(
                event_id=blake2b(told.encode(), digest_size=16).hexdigest(),
                type=EventType.TRACK,
                event=name,
                visitor_id=visitor,
                product_id=products[0] if len(products) == 1 else None,
                product_ids=list(products) if len(products) > 1 else [],
                occurred_at=occurred,
                received_at=received,
                source=source,
            )


class Sender:
    """Sends to `activity` with acks=all. An event never expires on its way, so that none overtakes another."""

    def __init__(self) -> None:
        config = settings.KAFKA_CLIENT | CONFIG | {"message.timeout.ms": 0, "linger.ms": 10}
        self.producer = Producer(config, logger=logging.getLogger("tracking.kafka"))
        self.acknowledged = 0
        self.ends: dict[int, int] = {}
        """For each partition the offset after the last event of this sender."""
        self.error: KafkaError | None = None

    def send(self, events: Iterable[Event], advance: Callable[[int], None] = lambda _: None) -> int:
        """Returns how many events it sent, once the in-sync brokers have them all. Raises NotSentError."""
        before, sent = self.acknowledged, 0
        names: Counter[tuple[str, str, datetime]] = Counter()
        for event in events:
            record = record_of_event(event)
            while True:
                try:
                    self.producer.produce(
                        record.topic,
                        record.value,
                        record.key,
                        headers=headers_of(record.topic),
                        on_delivery=self._answer,
                    )
                    break
                except BufferError:
                    self.producer.poll(0.1)
            minute = datetime.fromisoformat(event.received_at).replace(second=0, microsecond=0)
            names[record.source, record.event, minute] += 1
            sent += 1
            if sent % 1000 == 0:
                self.producer.poll(0)
                advance(1000)
            if self.error is not None:
                break
        waiting = self.producer.flush(FLUSH_SECONDS)
        advance(sent % 1000)
        for (source, name, minute), number in names.items():
            counts.add(source, name, "accepted", number, at=minute)
        write(counts.take())
        if self.error is not None or waiting:
            raise NotSentError(
                f"Kafka took {self.acknowledged - before:,} of {sent:,} events, then "
                + (self.error.str() if self.error else f"nothing for {FLUSH_SECONDS:g} s")
                + ". See that every broker is up (`make status`) and send the file again: what was taken is known."
            )
        return sent

    def _answer(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.error = error
            return
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        self.acknowledged += 1
        self.ends[partition] = max(offset + 1, self.ends.get(partition, 0))


def _done_together(rows: Iterable[Interaction]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Of rows of one time: each by itself, those of one basket together, no more products than an event holds."""
    baskets: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if row.basket:
            baskets.setdefault((row.visitor, row.event, row.basket), []).append(row.product)
        else:
            yield row.visitor, row.event, (row.product,)
    for (visitor, event, _), products in baskets.items():
        once = tuple(dict.fromkeys(products))
        for first in range(0, len(once), MAX_PRODUCTS):
            yield visitor, event, once[first : first + MAX_PRODUCTS]
