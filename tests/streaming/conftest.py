"""A prefix of its own on the shared cluster for each test, and what an admin sees."""

import socket
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from streaming import balance, snapshots
from streaming.connection import connection
from streaming.topics import ensure_topics, topic_name


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test is given the snapshot or the sums of the one before."""
    monkeypatch.setattr(snapshots, "_newest", None)
    monkeypatch.setattr(balance, "_known", {})


@pytest.fixture
def prefix(settings: Settings) -> Iterator[str]:
    """A topic prefix that nobody else has; topics with it are gone afterwards."""
    settings.KAFKA_TOPIC_PREFIX = f"test-{uuid4().hex[:8]}-"
    yield settings.KAFKA_TOPIC_PREFIX
    admin = AdminClient(settings.KAFKA_CLIENT)
    mine = [
        name for name in admin.list_topics(timeout=10).topics if name.startswith(settings.KAFKA_TOPIC_PREFIX)
    ]
    for future in admin.delete_topics(mine).values() if mine else []:
        future.result()


@pytest.fixture
def topics(prefix: str) -> str:
    """The product's topics under the test's prefix."""
    ensure_topics()
    return prefix


@pytest.fixture
def away(settings: Settings) -> Iterator[str]:
    """Kafka at a port where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, not listening: refused, and nobody else can take it
        address = f"127.0.0.1:{held.getsockname()[1]}"
        settings.KAFKA_BOOTSTRAP_SERVERS = address
        settings.KAFKA_CLIENT = {"bootstrap.servers": address}
        yield address
    connection.close()


@pytest.fixture
def admin(db: None) -> Client:
    """A browser in which a superuser is logged in."""
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.org", "secret"))
    return client


Produce = Callable[[str, int, int], None]


@pytest.fixture
def produce(settings: Settings) -> Produce:
    """Appends records to one partition of a topic: `produce("activity", partition, how_many)`."""
    producer = Producer(settings.KAFKA_CLIENT | {"acks": "all"})

    def append(name: str, partition: int, records: int) -> None:
        for number in range(records):
            producer.produce(topic_name(name), value=str(number), partition=partition)
        assert producer.flush(10) == 0

    return append


def wait_for(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Returns once `condition` holds; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.05)
