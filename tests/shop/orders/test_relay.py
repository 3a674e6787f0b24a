"""The relay of orders: every fact in the order of its order, on the topic once, whatever dies in between."""

import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from django.conf import settings as django_settings
from pytest_django import Settings

from shop.facts.models import Position
from shop.orders import relay as relaying
from shop.orders.paying import refund
from shop.orders.relay import FOLLOWER, OrdersRelay
from streaming.topics import ORDERS, TOPICS
from tests.shop.orders.acting import ordered, paid
from tests.tracking.conftest import PARTITIONS, await_leaders
from tracking.delivery import sender
from tracking.delivery.sender import NotAcknowledgedError

pytestmark = pytest.mark.usefixtures("stocked_shop")


@pytest.fixture
def topic(settings: Settings) -> Iterator[str]:
    settings.KAFKA_TOPIC_PREFIX = f"test-{uuid4().hex[:12]}."
    name = settings.KAFKA_TOPIC_PREFIX + ORDERS
    admin = AdminClient({**django_settings.KAFKA_CLIENT})
    admin.create_topics([NewTopic(name, PARTITIONS, -1)])[name].result(20)
    await_leaders(admin, [name])
    yield name
    admin.delete_topics([name])[name].result(20)


def records_on(topic: str) -> list[dict[str, Any]]:
    """All of them, partition by partition."""
    consumer = Consumer(
        {**django_settings.KAFKA_CLIENT, "group.id": uuid4().hex, "enable.auto.commit": False}
    )
    found = []
    for partition in range(PARTITIONS):
        end = consumer.get_watermark_offsets(TopicPartition(topic, partition), 20)[1]
        consumer.assign([TopicPartition(topic, partition, 0)])
        for _ in range(end):
            message = consumer.poll(20)
            assert message is not None
            assert message.error() is None
            record: dict[str, Any] = json.loads(message.value() or b"")
            assert (message.key() or b"").decode() == record["orderId"]
            found.append(record)
    consumer.close()
    return found


def kinds_of(order_id: UUID, records: list[dict[str, Any]]) -> list[str]:
    return [record["type"] for record in records if record["orderId"] == str(order_id)]


def test_the_relays_topic_is_one_that_the_product_creates() -> None:
    assert relaying.TOPIC in {spec.name for spec in TOPICS}


def test_each_orders_facts_are_on_the_topic_in_their_order(topic: str) -> None:
    first, second = paid("mug-001", "mug-002"), ordered("mug-003")
    relay = OrdersRelay()
    assert relay.step() > 0
    refund(first, "broken", "ada")
    while relay.step():
        pass

    records = records_on(topic)
    assert kinds_of(first, records) == ["Placed", "PaymentStarted", "PaymentSucceeded", "Refunded"]
    assert kinds_of(second, records) == ["Placed"]
    placed = next(record for record in records if record["eventId"] == f"{first}-1")
    assert [line["product_id"] for line in placed["data"]["lines"]] == ["mug-001", "mug-002"]
    assert "Byron" not in json.dumps(records)


def test_what_was_sent_before_the_position_moved_is_not_sent_again(topic: str) -> None:
    order_id = paid("mug-001")
    OrdersRelay().step()
    Position.objects.filter(follower=FOLLOWER).update(notification_id=0)  # as if killed before it moved
    refund(order_id, "broken", "ada")
    successor = OrdersRelay()
    while successor.step():
        pass

    assert kinds_of(order_id, records_on(topic)) == [
        "Placed",
        "PaymentStarted",
        "PaymentSucceeded",
        "Refunded",
    ]


def test_without_kafka_the_position_stays(topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "PATIENCE_SECONDS", 1)
    monkeypatch.setattr(relaying, "places_at_the_ends", lambda *_: set())
    paid("mug-001")

    with pytest.raises(NotAcknowledgedError):
        OrdersRelay({"bootstrap.servers": "127.0.0.1:1", "log_level": 0}).step()
    assert not Position.objects.filter(follower=FOLLOWER).exists()


@pytest.mark.django_db(transaction=True)
def test_it_stops_when_told() -> None:
    stopping = threading.Event()
    stopping.set()
    OrdersRelay().run(stopping)
