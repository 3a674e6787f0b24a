"""The collector on topics under a prefix of their own on the real Kafka, and what reads them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from django.conf import settings as django_settings
from django.db import connection
from pytest_django import Settings

from config.asgi import http
from tracking import identities
from tracking.collector.app import Collector
from tracking.database import in_database
from tracking.delivery import producer
from tracking.events import ACTIVITY, REJECTED
from tracking.keys import ring
from tracking.rejected import Rejection, decode

PARTITIONS = 3
KAFKA_SECONDS = 20
CLUSTERS_DEFAULT = -1

Records = Callable[[str], list[Message]]


@pytest.fixture(scope="module")
def topic_prefix() -> Iterator[str]:
    prefix = f"test-{uuid4().hex[:12]}."
    admin = AdminClient({**django_settings.KAFKA_CLIENT})
    topics = [NewTopic(prefix + name, PARTITIONS, CLUSTERS_DEFAULT) for name in (ACTIVITY, REJECTED)]
    for created in admin.create_topics(topics, operation_timeout=KAFKA_SECONDS).values():
        created.result(KAFKA_SECONDS)
    await_leaders(admin, [topic.topic for topic in topics])
    yield prefix
    for deleted in admin.delete_topics([topic.topic for topic in topics]).values():
        deleted.result(KAFKA_SECONDS)


def await_leaders(admin: AdminClient, names: list[str]) -> None:
    """A topic is there a moment before its partitions can be asked."""
    deadline = time.monotonic() + KAFKA_SECONDS
    while not all(
        len(found.partitions) == PARTITIONS and all(part.leader >= 0 for part in found.partitions.values())
        for found in (admin.list_topics(name, KAFKA_SECONDS).topics[name] for name in names)
    ):
        assert time.monotonic() < deadline, "the new topics have no leaders"
        time.sleep(0.05)


@pytest.fixture
def activity(settings: Settings, topic_prefix: str) -> str:
    """The topic that the collector writes to during the test."""
    settings.KAFKA_TOPIC_PREFIX = topic_prefix
    return topic_prefix + ACTIVITY


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A producer that is a moment old may take longer than an event waits before it is spooled."""
    monkeypatch.setattr(producer, "PATIENCE_SECONDS", 20)


@pytest_asyncio.fixture
async def collector(activity: str, transactional_db: None) -> AsyncIterator[Collector]:
    """A collector of the test's own loop, before the real Django."""
    ring.keys, ring.read_at, ring.reading = {}, 0.0, None
    for memory in (identities.visitor_keys, identities.persons, identities.links):
        memory.kept.clear()
    collector = Collector(http)
    yield collector
    await collector.close()
    await asyncio.gather(*(in_database(lambda: connection.close()) for _ in range(4)))


@pytest_asyncio.fixture
async def sender(collector: Collector) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the collector, without a server between them."""
    transport = httpx.ASGITransport(app=collector)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as sender:
        yield sender


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
        return [record for record in all_records(consumer, activity) if record.key() == visitor_id.encode()]

    return read


@pytest.fixture
def rejections(activity: str, topic_prefix: str, consumer: Consumer) -> Callable[[], list[Rejection]]:
    """What is on the topic of refused events at this moment."""

    def read() -> list[Rejection]:
        return [decode(record.value() or b"") for record in all_records(consumer, topic_prefix + REJECTED)]

    return read


def all_records(consumer: Consumer, topic: str) -> list[Message]:
    """Every record that is on the topic at this moment."""
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    marks = [consumer.get_watermark_offsets(partition, timeout=KAFKA_SECONDS) for partition in partitions]
    expected = sum(end - start for start, end in marks)
    consumer.assign([TopicPartition(topic, number, start) for number, (start, _) in enumerate(marks)])
    found = consumer.consume(expected, timeout=KAFKA_SECONDS) if expected else []
    assert [record.error() for record in found] == [None] * expected
    return found
