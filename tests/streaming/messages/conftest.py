"""A topic for each file of tests, and ways to put messages into one and to ask for them."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from django.conf import settings
from django.test import Client
from django.urls import reverse

Put = Callable[..., int]
PARTITIONS = 3


@pytest.fixture(scope="module")
def make_topic() -> Iterator[Callable[[], str]]:
    """Topics of three partitions, whose producers' clocks tell the time; gone when the file is through."""
    admin = AdminClient({**settings.KAFKA_CLIENT})
    made: list[str] = []

    def make() -> str:
        made.append(f"test-{uuid4().hex[:8]}-parcels")
        new = NewTopic(made[-1], num_partitions=PARTITIONS, replication_factor=1)
        admin.create_topics([new])[made[-1]].result()
        return made[-1]

    yield make
    for future in admin.delete_topics(made).values() if made else []:
        future.result()


@pytest.fixture(scope="module")
def put() -> Put:
    """`put(topic, value, key=, partition=, at=, headers=)`: the offset at which it stands."""
    producer = Producer(settings.KAFKA_CLIENT | {"acks": "all", "linger.ms": 0})

    def put(topic: str, value: str | bytes | None, *, partition: int = 0, at: int = 0, **given: Any) -> int:
        places: list[int] = []

        def delivered(error: object, message: Message) -> None:
            assert error is None
            places.append(message.offset() or 0)

        producer.produce(topic, value, partition=partition, timestamp=at, on_delivery=delivered, **given)
        assert producer.flush(20) == 0
        return places[0]

    return put


def found(client: Client, topic: str, **asked: Any) -> list[dict[str, Any]]:
    """What the page's JSON holds."""
    response = client.get(reverse("cluster:messages", args=[topic]), {**asked, "format": "json"})
    assert response.status_code == 200, response.content
    messages: list[dict[str, Any]] = response.json()["messages"]
    return messages
