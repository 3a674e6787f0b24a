"""The collector's Kafka producer: idempotent, acks=all. What it acknowledges, the in-sync brokers have."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from tracking.delivery.client import CONFIG
from tracking.delivery.records import Record, headers_of

PATIENCE_SECONDS: Final = 0.45
"""Without an acknowledgement for so long, an event is put into the spool instead."""
POLL_SECONDS: Final = 0.001
WARM_UP_SECONDS: Final = 2.0
logger = logging.getLogger(__name__)


class _Sending:
    """Records of one call, until each is answered or patience ends."""

    def __init__(self, producer: "LogProducer", number: int, landed_late: Callable[[int], None]) -> None:
        self.producer = producer
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self.loop.create_future()
        self.acknowledged = bytearray(number)
        self.waiting = number
        self.given_up = False
        self.landed_late = landed_late

    def answer(self, index: int, error: KafkaError | None, _: Message) -> None:
        """Called by librdkafka, while the loop polls it."""
        self.producer.outstanding -= 1
        if error is None:
            self.acknowledged[index] = 1
            if self.given_up:
                self.landed_late(index)
        elif error.fatal():
            self.producer.broken = error
        self.waiting -= 1
        if self.waiting == 0 and not self.done.done():
            self.done.set_result(None)

    def give_up(self) -> None:
        self.given_up = True
        if not self.done.done():
            self.done.set_result(None)


class LogProducer:
    """One for each event loop. Deliveries are polled on the loop itself: a thread of its own would fight it for
    the interpreter's lock at each of them, which costs a single event up to half a second under load.
    """

    def __init__(self, client: dict[str, Any]) -> None:
        self.client = client | CONFIG
        self.producer = Producer(self.client, logger=logging.getLogger("tracking.kafka"))
        self.outstanding = 0
        self.broken: KafkaError | None = None
        self.polling: asyncio.Task[None] | None = None
        self.answered_at = 0.0
        """When a broker last acknowledged anything, by the monotonic clock."""

    async def send(
        self, records: Sequence[Record], landed_late: Callable[[Record], None] = lambda _: None
    ) -> list[Record]:
        """The records that were not acknowledged in time, in their order; empty is what one hopes for.

        Such a record may be on the log nevertheless, or come to it later: then `landed_late` is told.
        """
        sending = _Sending(self, len(records), lambda index: landed_late(records[index]))
        taken = 0
        produce = self.producer.produce
        headers = {topic: headers_of(topic) for topic in {record.topic for record in records}}
        try:
            for record in records:
                produce(
                    record.topic,
                    record.value,
                    record.key,
                    headers=headers[record.topic],
                    on_delivery=partial(sending.answer, taken),
                )
                taken += 1
        except (BufferError, KafkaException) as error:
            logger.warning("Kafka's producer takes no more: %s", error)
            sending.waiting -= len(records) - taken
        if taken:
            self.outstanding += taken
            timer = sending.loop.call_later(PATIENCE_SECONDS, sending.give_up)
            self._ensure_polling()
            await sending.done
            timer.cancel()
        missing = [record for record, landed in zip(records, sending.acknowledged, strict=True) if not landed]
        if len(missing) < taken:
            self.answered_at = time.monotonic()
        return missing

    async def warm_up(self, topic: str) -> None:
        """Learns who leads the topic's partitions, so that the first events need not wait for it."""
        try:
            await asyncio.to_thread(self.producer.list_topics, topic, WARM_UP_SECONDS)
        except KafkaException as error:
            logger.warning("Kafka does not answer yet: %s", error)

    def purge(self) -> None:
        """Drops what waits for a broker that does not answer; what is on its way is left alone."""
        self.producer.purge(in_queue=True, in_flight=False, blocking=False)

    async def close(self, seconds: float) -> None:
        """Waits for the last acknowledgements, for so long at the most."""
        deadline = time.monotonic() + seconds
        while self.outstanding and time.monotonic() < deadline:
            self.poll()
            await asyncio.sleep(POLL_SECONDS)

    def poll(self) -> None:
        """Takes the answers that are there. One error ends librdkafka's producer for good: then it is made anew."""
        self.producer.poll(0)
        if self.broken is not None:
            logger.error("Kafka's producer is at its end and is made anew: %s", self.broken.str())
            self.producer = Producer(self.client, logger=logging.getLogger("tracking.kafka"))
            self.outstanding, self.broken = 0, None

    def _ensure_polling(self) -> None:
        if self.polling is None or self.polling.done():
            self.polling = asyncio.get_running_loop().create_task(self._poll())

    async def _poll(self) -> None:
        while self.outstanding > 0:
            self.poll()
            await asyncio.sleep(POLL_SECONDS)
