"""The topic `catalogue`: whoever changes a product, and however, its newest record is the product."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType
from django.conf import settings
from django.db import connection

from shop.catalogue_topic.models import ChangedProduct
from shop.catalogue_topic.relay import CatalogueRelay
from shop.importing.writing import import_catalogue
from shop.models import Category, Product
from streaming.topics import CATALOGUE, topic_name
from tests.streaming.conftest import prefix, topics
from tracking.delivery import sender
from tracking.delivery.sender import NotAcknowledgedError

__all__ = ["prefix", "topics"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_shop", "topics")]

Read = Callable[[], dict[str, Any]]


@pytest.fixture
def mug(empty_shop: None) -> Product:
    ChangedProduct.objects.all().delete()
    import_catalogue(b"product_id,name,price,category\nmug-1,Mug,9.50,Mugs\n", "csv", dry_run=False)
    return Product.objects.get()


@pytest.fixture
def read() -> Iterator[Read]:
    """Sends what changed; the newest record of each product, by its id."""
    consumer = Consumer(settings.KAFKA_CLIENT | {"group.id": f"test-{uuid4()}", "enable.auto.commit": False})

    def read() -> dict[str, Any]:
        sender = CatalogueRelay()
        while sender.step():
            pass
        partitions = [TopicPartition(topic_name(CATALOGUE), number, 0) for number in range(3)]
        many = sum(consumer.get_watermark_offsets(each, timeout=20)[1] for each in partitions)
        consumer.assign(partitions)
        records = consumer.consume(many, timeout=20) if many else []
        assert len(records) == many
        newest = {}
        for record in records:
            newest[(record.key() or b"").decode()] = json.loads(record.value() or b"null")
        return newest

    yield read
    consumer.close()


def test_a_product_stands_there_as_it_is(mug: Product, read: Read) -> None:
    found = read()["mug-1"]
    assert (found["name"], found["price"], found["currency"], found["category"]) == (
        "Mug", 9.5, "EUR", "mugs",
    )  # fmt: skip
    assert found["url"] == "/p/mug-1/"
    assert not ChangedProduct.objects.exists()


def test_every_way_of_changing_it_is_told(mug: Product, read: Read) -> None:
    read()
    mug.price += 1
    mug.save()
    assert read()["mug-1"]["price"] == 10.5
    Product.objects.update(stock=77)
    assert read()["mug-1"]["stock"] == 77
    with connection.cursor() as cursor:
        cursor.execute("UPDATE shop_product SET hidden = true")
    assert read()["mug-1"]["hidden"] is True
    Category.objects.update(name="Cups and mugs")
    assert read()["mug-1"]["categoryName"] == "Cups and mugs"
    mug.delete()
    assert read()["mug-1"] is None


def test_what_changes_nothing_is_not_told(mug: Product, read: Read) -> None:
    read()
    mug.save()
    Product.objects.update(stock=mug.stock)
    assert not ChangedProduct.objects.exists()


def test_what_kafka_does_not_take_waits(mug: Product, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "PATIENCE_SECONDS", 1)
    with pytest.raises(NotAcknowledgedError):
        CatalogueRelay({"bootstrap.servers": "127.0.0.1:1"}).step()
    assert ChangedProduct.objects.exists()
    monkeypatch.undo()
    assert read()["mug-1"]["name"] == "Mug"


def test_the_topic_is_compacted() -> None:
    resource = ConfigResource(ResourceType.TOPIC, topic_name(CATALOGUE))
    admin = AdminClient({**settings.KAFKA_CLIENT})
    (config,) = admin.describe_configs([resource]).values()
    assert config.result(20)["cleanup.policy"].value == "compact"
