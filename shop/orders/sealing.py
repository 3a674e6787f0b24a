"""What names an order's customer: readable while the order's key exists, and never in the clear in the log."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from shop.facts.application import find
from shop.orders.models import OrderKey, OrderView
from shop.orders.order import Order
from tracking.sealing import new_key, seal, unseal


class Delivery(NamedTuple):
    """Where an order goes."""

    name: str
    street: str
    postcode: str
    city: str
    email: str = ""


def sealed_delivery(order_id: UUID, delivery: Delivery) -> str:
    """Sealed under a new key of the order's own, which is committed with it."""
    key = new_key()
    OrderKey.objects.create(order_id=order_id, key=key)
    return seal(key, delivery._asdict())


def delivery_of(order_id: UUID) -> Delivery | None:
    """None where the customer was erased."""
    row = OrderKey.objects.filter(order_id=order_id).first()
    order = find(Order, order_id) if row else None
    return Delivery(**unseal(bytes(row.key), order.sealed)) if row and order else None


def forget_customers(customers: Iterable[UUID]) -> int:
    """Destroys the keys of all that these customers ordered: names and addresses are gone, whoever holds a copy."""
    orders = OrderView.objects.filter(customer__in=list(customers)).values("order_id")
    return OrderKey.objects.filter(order_id__in=orders).delete()[0]
