"""The newest records of a topic, shared with the other processes of its consumer group."""

import logging
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from django.conf import settings

POLL_SECONDS: Final = 0.5
MOST: Final = 500
SELF_EVIDENT: Final = (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT)
"""librdkafka says these itself, and goes on trying."""

logger = logging.getLogger(__name__)


class Records:
    """Reads one topic. `assigned` is called whenever the group has given this process its partitions."""

    def __init__(self, topic: str, group: str, assigned: Callable[[], None], **options: Any) -> None:
        self.topic = settings.KAFKA_TOPIC_PREFIX + topic
        self.consumer = Consumer(
            settings.KAFKA_CLIENT
            | {
                "group.id": settings.KAFKA_TOPIC_PREFIX + group,
                "session.timeout.ms": 6000,
                "heartbeat.interval.ms": 1500,
            }
            | options
        )
        self._assigned = assigned
        self._said: set[int] = set()
        self.consumer.subscribe([self.topic], on_assign=self._assign)

    def read(self) -> list[Message]:
        """The records that are there, or the next one within half a second. Raises KafkaException when it must end."""
        first = self.consumer.poll(POLL_SECONDS)
        if first is None:
            return []
        messages = [first, *self.consumer.consume(MOST, 0)]
        return [message for message in messages if self._is_record(message)]

    def start(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        """Where reading is to begin: where the group left off, unless a subclass knows better."""
        return partitions

    def close(self) -> None:
        self.consumer.close()

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.assign(self.start(partitions))
        self._assigned()

    def _is_record(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            self._said.clear()
            return True
        if error.fatal():
            raise KafkaException(error)
        if error.code() not in {*SELF_EVIDENT, *self._said}:
            self._said.add(error.code())
            logger.warning("Kafka: %s", error.str())
        return False
