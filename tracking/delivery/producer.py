"""The collector's Kafka producer: idempotent, acks=all. What it acknowledges, the in-sync brokers have."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from tracking.delivery.records import Record, headers_of

PATIENCE_SECONDS: Final = 0.6
"""Without an acknowledgement for so long, an event is put into the spool instead."""
POLL_SECONDS: Final = 0.001
CONFIG: Final = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "lz4",
    "linger.ms": 2,
    "partitioner": "murmur2_random",
    "message.timeout.ms": 10_000,
    "socket.timeout.ms": 5_000,
    "reconnect.backoff.max.ms": 1_000,
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 65_536,
}

logger = logging.getLogger(__name__)


class _Sending:
    """Records of one call, until each is answered or patience ends."""

    def __init__(self, number: int, landed_late: Callable[[int], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self.loop.create_future()
        self.unanswered = set(range(number))
        self.failed: set[int] = set()
        self.given_up = False
        self.landed_late = landed_late

    def answer(self, index: int, error: KafkaError | None) -> None:
        if self.given_up:
            if error is None:
                self.landed_late(index)
            return
        self.unanswered.discard(index)
        if error is not None:
            self.failed.add(index)
        if not self.unanswered and not self.done.done():
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
        self.polling: asyncio.Task[None] | None = None
        self.answered_at = 0.0
        """When a broker last acknowledged anything, by the monotonic clock."""

    async def send(
        self, records: Sequence[Record], landed_late: Callable[[Record], None] = lambda _: None
    ) -> list[Record]:
        """The records that were not acknowledged in time, in their order; empty is what one hopes for.

        Such a record may be on the log nevertheless, or come to it later: then `landed_late` is told.
        """
        sending = _Sending(len(records), lambda index: landed_late(records[index]))
        taken = 0
        for record in records:
            try:
                self._produce(record, partial(self._answer, sending, taken))
            except (BufferError, KafkaException) as error:
                logger.warning("Kafka's producer takes no more: %s", error)
                break
            taken += 1
        sending.unanswered.difference_update(range(taken, len(records)))
        if taken:
            timer = sending.loop.call_later(PATIENCE_SECONDS, sending.give_up)
            self._ensure_polling()
            await sending.done
            timer.cancel()
        missing = sorted(sending.unanswered | sending.failed | set(range(taken, len(records))))
        return [records[index] for index in missing]

    def purge(self) -> None:
        """Drops what waits for a broker that does not answer; what is on its way is left alone."""
        self.producer.purge(in_queue=True, in_flight=False, blocking=False)

    async def close(self, seconds: float) -> None:
        """Waits for the last acknowledgements, for so long at the most."""
        deadline = time.monotonic() + seconds
        while self.outstanding and time.monotonic() < deadline:
            self.producer.poll(0)
            await asyncio.sleep(POLL_SECONDS)

    def _produce(self, record: Record, answer: Callable[[KafkaError | None, Message], None]) -> None:
        self.producer.produce(
            record.topic,
            record.value,
            key=record.key,
            headers=headers_of(record.topic),
            on_delivery=answer,
        )
        self.outstanding += 1

    def _answer(self, sending: _Sending, index: int, error: KafkaError | None, _: Message) -> None:
        self.outstanding -= 1
        if error is None:
            self.answered_at = time.monotonic()
        elif error.fatal():
            logger.error("Kafka's producer is at its end and is made anew: %s", error.str())
            self.producer = Producer(self.client, logger=logging.getLogger("tracking.kafka"))
            self.outstanding = 0
        sending.answer(index, error)

    def _ensure_polling(self) -> None:
        if self.polling is None or self.polling.done():
            self.polling = asyncio.get_running_loop().create_task(self._poll())

    async def _poll(self) -> None:
        while self.outstanding > 0:
            self.producer.poll(0)
            await asyncio.sleep(POLL_SECONDS)
