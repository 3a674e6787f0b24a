"""A topic of three partitions with messages a minute apart, and groups that have committed in it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from django.conf import settings

START = datetime(2026, 3, 1, tzinfo=UTC)
PARTITIONS = 3
MESSAGES = 10
"""In each partition, one a minute."""

MakeGroup = Callable[[dict[int, int]], str]


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


@pytest.fixture(scope="module")
def topic() -> Iterator[str]:
    admin = AdminClient({**settings.KAFKA_CLIENT})
    producer = Producer(settings.KAFKA_CLIENT | {"acks": "all"})
    name = f"test-{uuid4().hex[:8]}-letters"
    admin.create_topics([NewTopic(name, num_partitions=PARTITIONS, replication_factor=1)])[name].result()
    for number in range(MESSAGES):
        at = round(minute(number).timestamp() * 1000)
        for partition in range(PARTITIONS):
            producer.produce(name, str(number), partition=partition, timestamp=at)
    assert producer.flush(20) == 0
    yield name
    admin.delete_topics([name])[name].result()


@pytest.fixture
def make_group(topic: str) -> Iterator[MakeGroup]:
    """`make_group({0: 4})`: a group without members that has committed offset 4 of partition 0."""
    made: list[str] = []

    def make(committed: dict[int, int]) -> str:
        made.append(f"group-{uuid4().hex[:8]}")
        consumer = Consumer(settings.KAFKA_CLIENT | {"group.id": made[-1]})
        consumer.commit(
            offsets=[TopicPartition(topic, p, offset) for p, offset in committed.items()], asynchronous=False
        )
        consumer.close()
        return made[-1]

    yield make
    admin = AdminClient({**settings.KAFKA_CLIENT})
    for future in admin.delete_consumer_groups(made).values() if made else []:
        future.exception(30)  # a test may have deleted it


def committed(group: str, topic: str) -> dict[int, int]:
    """As Kafka tells a client of its own."""
    client = Consumer(settings.KAFKA_CLIENT | {"group.id": group})
    asked = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
    found = {at.partition: at.offset for at in client.committed(asked, timeout=20)}
    client.close()
    return {partition: offset for partition, offset in found.items() if offset >= 0}
