"""From changed products to the topic `catalogue`, which is compacted: the newest record of a product is the product."""

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction

from shop.catalogue_topic.models import ChangedProduct
from shop.models import CURRENCY, Product
from tracking.delivery.client import CONFIG
from tracking.events import format_timestamp

TOPIC: Final = "catalogue"
AT_ONCE: Final = 1000
IDLE_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 10
LOCK: Final = "shop.catalogue_topic.relay"

logger = logging.getLogger(__name__)


class NotAcknowledgedError(Exception):
    """Kafka does not take the products now: they stay written down, and are sent again."""


class CatalogueRelay:
    """One at a time sends, so that no older state of a product comes after a newer one."""

    def __init__(self, client: Mapping[str, Any] | None = None) -> None:
        self.client = dict(client or settings.KAFKA_CLIENT)
        self.topic = settings.KAFKA_TOPIC_PREFIX + TOPIC
        self.producer: Producer | None = None

    def run(self, stopping: threading.Event) -> None:
        """Sends until told to stop, and goes on by itself after Kafka or Postgres was away."""
        failing = False
        while not stopping.is_set():
            try:
                if not self.step():
                    stopping.wait(IDLE_SECONDS)
                failing = False
            except (DatabaseError, InterfaceError, KafkaException, NotAcknowledgedError) as error:
                if not failing:
                    logger.warning("The catalogue cannot be relayed; it waits and is tried again: %s", error)
                failing = True
                self._drop_producer()
                connection.close()
                stopping.wait(RETRY_SECONDS)
        self._drop_producer()
        connection.close()

    def step(self) -> int:
        """Sends what has changed, and forgets it once Kafka has it; how many changes those were."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [LOCK])
                if not cursor.fetchone()[0]:
                    return 0
            changes = dict(ChangedProduct.objects.order_by("pk")[:AT_ONCE].values_list("pk", "product_id"))
            if changes:
                self._send(set(changes.values()))
                ChangedProduct.objects.filter(pk__in=changes).delete()
        return len(changes)

    def _send(self, product_ids: Iterable[str]) -> None:
        """Returns when Kafka has them all; what the shop no longer has is sent without a value."""
        ids = sorted(product_ids)
        there = {
            product.product_id: product
            for product in Product.objects.filter(product_id__in=ids).select_related("category")
        }
        if self.producer is None:
            self.producer = Producer(
                self.client | CONFIG | {"message.timeout.ms": PATIENCE_SECONDS * 1000},
                logger=logging.getLogger("shop.catalogue_topic.kafka"),
            )
        refused: list[KafkaError] = []

        def answer(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                refused.append(error)

        for product_id in ids:
            product = there.get(product_id)
            value = msgspec.json.encode(record_of(product)) if product else None
            self.producer.produce(self.topic, value, key=product_id, on_delivery=answer)
            self.producer.poll(0)
        if self.producer.flush(PATIENCE_SECONDS) or refused:
            raise NotAcknowledgedError(refused[0].str() if refused else "no acknowledgement in time")

    def _drop_producer(self) -> None:
        """Nothing of it comes later: what it still holds is dropped."""
        if self.producer is not None:
            self.producer.purge()
            self.producer.flush(RETRY_SECONDS)
            self.producer = None


def record_of(product: Product) -> dict[str, Any]:
    """A product as it stands on the topic."""
    return {
        "productId": product.product_id,
        "name": product.name,
        "brand": product.brand,
        "description": product.description,
        "attributes": dict(product.attributes),
        "category": product.category.slug,
        "categoryName": product.category.name,
        "department": product.category.department,
        "price": float(product.price),
        "currency": CURRENCY,
        "stock": product.stock,
        "hidden": product.hidden,
        "consumable": product.consumable,
        "url": product.get_absolute_url(),
        "image": product.picture_url,
        "addedAt": format_timestamp(product.created_at),
    }
