"""Orders as their customers see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from shop.models import Product
from shop.orders.models import OrderEntry, OrderView
from shop.orders.sealing import Delivery, delivery_of

SAYS: Final = {
    "Placed": "Ordered; the goods are reserved for you",
    "HandedOver": "Moved to your account",
    "PaymentStarted": "Payment sent to the bank",
    "PaymentSucceeded": "Paid",
    "PaymentFailed": "Payment did not go through",
    "PaymentTimedOut": "The bank did not answer in time",
    "Cancelled": "Cancelled",
    "Refunded": "Refunded",
}
"""What each fact is called on the page."""


@dataclass(frozen=True, slots=True)
class OrderedLine:
    name: str
    price: Decimal
    quantity: int
    product: Product | None
    """None where it is no longer in the shop."""

    @property
    def total(self) -> Decimal:
        return self.price * self.quantity


@dataclass(frozen=True, slots=True)
class ShownOrder:
    order: OrderView
    lines: Sequence[OrderedLine]
    timeline: Sequence[tuple[str, OrderEntry]]
    delivery: Delivery | None


def orders_of(customer: UUID | None) -> QuerySet[OrderView]:
    found = OrderView.objects.filter(customer=customer) if customer else OrderView.objects.none()
    return found.order_by("-placed_at", "order_id")


def order_shown(order_id: UUID, customer: UUID | None) -> ShownOrder | None:
    """None where it is not this customer's."""
    order = orders_of(customer).filter(order_id=order_id).first()
    if order is None:
        return None
    products = {
        product.product_id: product
        for product in Product.objects.filter(
            product_id__in=[line["product_id"] for line in order.lines], hidden=False
        ).select_related("category")
    }
    entries = OrderEntry.objects.filter(order_id=order_id).order_by("version")
    return ShownOrder(
        order,
        [
            OrderedLine(
                line["name"], Decimal(line["price"]), line["quantity"], products.get(line["product_id"])
            )
            for line in order.lines
        ],
        [(SAYS[entry.kind], entry) for entry in entries],
        delivery_of(order_id),
    )
