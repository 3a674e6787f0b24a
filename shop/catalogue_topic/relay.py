"""From changed products to the topic `catalogue`, which is compacted: the newest record of a product is the product."""

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db import connection, transaction

from shop.catalogue_topic.models import ChangedProduct
from shop.models import CURRENCY, Product
from tracking.delivery.sender import Keyed, Sender
from tracking.delivery.steps import Work, run_steps
from tracking.events import format_timestamp

TOPIC: Final = "catalogue"
AT_ONCE: Final = 1000
IDLE_SECONDS: Final = 0.5
LOCK: Final = "shop.catalogue_topic.relay"


class CatalogueRelay(Work):
    """One at a time sends, so that no older state of a product comes after a newer one."""

    def __init__(self, client: Mapping[str, Any] | None = None) -> None:
        topic = settings.KAFKA_TOPIC_PREFIX + TOPIC
        kafka_logger = logging.getLogger("shop.catalogue_topic.kafka")
        self.sender = Sender(client or settings.KAFKA_CLIENT, topic, kafka_logger)

    def run(self, stopping: threading.Event) -> None:
        """Sends until told to stop, and goes on by itself after Kafka or Postgres was away."""
        complaint = "The catalogue cannot be relayed; it waits and is tried again"
        run_steps(self, stopping, complaint=complaint, idle_seconds=IDLE_SECONDS)

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
        self.sender.send(Keyed(product_id, _value_of(there.get(product_id))) for product_id in ids)

    def begin_anew(self) -> None:
        self.sender.drop()


def _value_of(product: Product | None) -> bytes | None:
    return msgspec.json.encode(record_of(product)) if product else None


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
