"""The topic `activity` under a prefix of its own on the real Kafka, and what reads it."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from django.conf import settings as django_settings
from pytest_django import Settings

from tracking.events import ACTIVITY
from tracking.producer import activity_producer

PARTITIONS = 3
KAFKA_SECONDS = 20
CLUSTERS_DEFAULT = -1

Records = Callable[[str], list[Message]]


@pytest.fixture(scope="module")
def topic_prefix() -> Iterator[str]:
    prefix = f"test-{uuid4().hex[:12]}."
    admin = AdminClient({**django_settings.KAFKA_CLIENT})
    topic = NewTopic(prefix + ACTIVITY, PARTITIONS, CLUSTERS_DEFAULT)
    admin.create_topics([topic], operation_timeout=KAFKA_SECONDS)[topic.topic].result(KAFKA_SECONDS)
    yield prefix
    admin.delete_topics([topic.topic])[topic.topic].result(KAFKA_SECONDS)


@pytest.fixture
def activity(settings: Settings, topic_prefix: str) -> Iterator[str]:
    """The topic that the collector writes to during the test."""
    settings.KAFKA_TOPIC_PREFIX = topic_prefix
    activity_producer.cache_clear()
    yield topic_prefix + ACTIVITY
    activity_producer().close()
    activity_producer.cache_clear()


@pytest.fixture(scope="module")
def consumer() -> Iterator[Consumer]:
    consumer = Consumer(
        django_settings.KAFKA_CLIENT | {"group.id": f"test-{uuid4().hex}", "fetch.wait.max.ms": 10}
    )
    yield consumer
    consumer.close()


@pytest.fixture
def records(activity: str, consumer: Consumer) -> Records:
    """The records under a key that are on the topic at this moment, in the order of their partition."""

    def read(visitor_id: str) -> list[Message]:
        partitions = [TopicPartition(activity, number) for number in range(PARTITIONS)]
        marks = [consumer.get_watermark_offsets(partition, timeout=KAFKA_SECONDS) for partition in partitions]
        expected = sum(end - start for start, end in marks)
        consumer.assign([TopicPartition(activity, number, start) for number, (start, _) in enumerate(marks)])
        found = consumer.consume(expected, timeout=KAFKA_SECONDS) if expected else []
        assert [record.error() for record in found] == [None] * expected
        return [record for record in found if record.key() == visitor_id.encode()]

    return read
