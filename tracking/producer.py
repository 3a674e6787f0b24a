"""The process's Kafka producer: idempotent, acks=all; an answer means that the brokers have it."""

import asyncio
import atexit
import threading
from collections.abc import Sequence
from functools import cache

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from django.conf import settings

from tracking.events import ACTIVITY, SCHEMA_VERSION, SCHEMA_VERSION_HEADER, Event, encode

DELIVERY_SECONDS = 10
"""After this long without the brokers' acknowledgement the sender is told to keep its events."""
FLUSH_SECONDS = 5
HEADERS: list[tuple[str, str | bytes | None]] = [(SCHEMA_VERSION_HEADER, str(SCHEMA_VERSION).encode())]


class NotDeliveredError(Exception):
    """The brokers did not acknowledge in time, or this process holds all that it can: try again later."""


class _Delivery:
    """Counts a batch's acknowledgements and wakes its sender once, at the last of them."""

    def __init__(self, expected: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self.loop.create_future()
        self.missing = expected
        self.error: KafkaError | None = None

    def acknowledge(self, error: KafkaError | None, _: Message) -> None:
        """Called on the polling thread, once for each event."""
        self.error = self.error or error
        if error is not None and error.fatal():
            activity_producer.cache_clear()  # this producer will never send again: the next batch gets a new one
        self.missing -= 1
        if self.missing == 0:
            self.loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        if self.done.done():  # its sender has gone
            return
        if self.error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(NotDeliveredError(self.error.str()))


class ActivityProducer:
    """Puts events on the topic `activity`, keyed by visitor. One for each process; safe to use from many tasks."""

    def __init__(self, client: dict[str, str], topic: str) -> None:
        self.topic = topic
        self.producer = Producer(
            client
            | {
                "enable.idempotence": True,
                "acks": "all",
                "compression.type": "lz4",
                "linger.ms": 2,
                "partitioner": "murmur2_random",
                "message.timeout.ms": DELIVERY_SECONDS * 1000,
                "socket.timeout.ms": 5000,
                "queue.buffering.max.messages": 100_000,
                "queue.buffering.max.kbytes": 65_536,
            }
        )
        self.stopping = threading.Event()
        threading.Thread(target=self._poll, name="kafka-deliveries", daemon=True).start()

    async def send(self, events: Sequence[Event]) -> None:
        """Returns when all in-sync replicas have each of the events.

        Raises NotDeliveredError; an event may be on the log nevertheless, which its sender's retry under the same
        eventId makes harmless.
        """
        if not events:
            return
        delivery = _Delivery(len(events))
        for sent, event in enumerate(events):
            try:
                self.producer.produce(
                    self.topic,
                    encode(event),
                    key=event.visitor_id,
                    headers=HEADERS,
                    on_delivery=delivery.acknowledge,
                )
            except (BufferError, KafkaException) as error:
                raise NotDeliveredError(f"{sent} of {len(events)} events taken: {error}") from error
        await delivery.done

    def close(self) -> None:
        """Delivers what it holds, for a few seconds at the most."""
        self.producer.flush(FLUSH_SECONDS)
        self.stopping.set()

    def _poll(self) -> None:
        while not self.stopping.is_set():
            self.producer.poll(0.1)


@cache
def activity_producer() -> ActivityProducer:
    """The one of this process, made when first asked for, so that a pre-forking server is safe."""
    producer = ActivityProducer(settings.KAFKA_CLIENT, settings.KAFKA_TOPIC_PREFIX + ACTIVITY)
    atexit.register(producer.close)
    return producer
