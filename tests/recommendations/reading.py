"""What is on a topic, as somebody else's consumer reads it."""

from typing import Any
from uuid import uuid4

import msgspec
from confluent_kafka import Consumer, KafkaError
from django.conf import settings


class Reader:
    """Reads the topic from its beginning, in a group of its own."""

    def __init__(self, topic: str) -> None:
        self.consumer = Consumer(
            settings.KAFKA_CLIENT
            | {
                "group.id": f"test-{uuid4()}",
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 10,
                "enable.auto.commit": False,
            }
        )
        self.consumer.subscribe([topic])
        self.records: list[tuple[str, Any]] = []

    def read(self) -> list[tuple[str, Any]]:
        """All records so far as (key, value)."""
        for message in self.consumer.consume(1000, 0.2):
            if (error := message.error()) and error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                continue  # a broker that has not heard of the new topic yet
            assert error is None, error
            key, value = message.key(), message.value()
            assert key is not None
            assert value is not None
            self.records.append((key.decode(), msgspec.json.decode(value)))
        return self.records
