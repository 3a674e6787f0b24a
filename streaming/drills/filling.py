"""Producers of a drill's own topic: as fast as they can, or at a rate, counting what was acknowledged."""

import asyncio
import os
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, Message, Producer
from django.conf import settings

FLUSH_SECONDS = 60.0
POLL_EVERY = 200


@dataclass
class Filling:
    """Produces in a thread until it is left; `rate` of 0 is as fast as it goes."""

    topic: str
    record_bytes: int = 1000
    rate: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    acknowledged: int = 0
    failed: int = 0
    error: str = ""

    async def __aenter__(self) -> "Filling":
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._produce, daemon=True)
        self.thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stopping.set()
        await asyncio.to_thread(self.thread.join)

    @property
    def octets(self) -> int:
        return self.acknowledged * self.record_bytes

    def _produce(self) -> None:
        producer = Producer(
            settings.KAFKA_CLIENT | {"acks": "all", "linger.ms": 5, "log_level": 0} | self.options
        )
        value, began, sent = os.urandom(self.record_bytes), time.monotonic(), 0
        while not self.stopping.is_set():
            try:
                producer.produce(self.topic, value=value, on_delivery=self._delivered)
            except BufferError:
                producer.poll(0.01)
                continue
            sent += 1
            if self.rate:
                producer.poll(0)
                time.sleep(max(0.0, began + sent / self.rate - time.monotonic()))
            elif sent % POLL_EVERY == 0:
                producer.poll(0)
        left = producer.flush(FLUSH_SECONDS)
        self.failed += left

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self.acknowledged += 1
        else:
            self.failed += 1
            self.error = error.str()
