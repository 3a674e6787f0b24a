"""An order, as a sequence of facts."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypedDict
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate

ORDER_OF = UUID("b1f0c9a2-6c1d-4b0e-8f55-7d2a4e9c3d12")
"""Namespace of the ids: a basket as it was at one version becomes one order, however often it is sent."""
ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without what is read as something else: 0 and O, 1 and I."""

FIRST_CURRENCY: Final = "EUR"
"""In which every order was made while facts did not say so: version 1 of `Placed`."""


class Line(TypedDict):
    product_id: str
    name: str
    price: Decimal
    quantity: int


class Status(StrEnum):
    PLACED = "placed"
    PAYING = "paying"
    PAID = "paid"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class NotNowError(Exception):
    """The order is not in the state for it; the message is for the customer."""


class Order(Aggregate):
    """What names the customer stands in `sealed`, under a key of the order's own that can be destroyed."""

    class Placed(Aggregate.Created):
        customer: UUID
        visitor: str
        lines: list[Line]
        total: Decimal
        sealed: str
        currency: str

        class_version = 2

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            state["currency"] = FIRST_CURRENCY

    class HandedOver(Aggregate.Event):
        """Its customer logged in, and was somebody already."""

        customer: UUID

        def apply(self, aggregate: "Order") -> None:
            aggregate.customer = self.customer

    class PaymentStarted(Aggregate.Event):
        key: UUID
        amount: Decimal

        def apply(self, aggregate: "Order") -> None:
            aggregate.status = Status.PAYING
            aggregate.payment = self.key
            aggregate.payment_started_on = self.timestamp
            aggregate.timed_out = False

    class PaymentSucceeded(Aggregate.Event):
        key: UUID
        amount: Decimal
        visitor: str

        def apply(self, aggregate: "Order") -> None:
            aggregate.status = Status.PAID

    class PaymentFailed(Aggregate.Event):
        key: UUID
        reason: str

        def apply(self, aggregate: "Order") -> None:
            aggregate.status = Status.PLACED
            aggregate.failed.append(str(self.key))
            aggregate.payment = None

    class PaymentTimedOut(Aggregate.Event):
        """The bank did not answer: it may have charged or not, and is asked again."""

        key: UUID

        def apply(self, aggregate: "Order") -> None:
            aggregate.timed_out = True

    class Cancelled(Aggregate.Event):
        reason: str

        def apply(self, aggregate: "Order") -> None:
            aggregate.status = Status.CANCELLED

    class Refunded(Aggregate.Event):
        amount: Decimal
        reason: str
        by: str
        visitor: str

        def apply(self, aggregate: "Order") -> None:
            aggregate.status = Status.REFUNDED

    def __init__(
        self, customer: UUID, visitor: str, lines: list[Line], total: Decimal, sealed: str, currency: str
    ) -> None:
        self.customer = customer
        self.visitor = visitor
        self.lines = lines
        self.total = total
        self.sealed = sealed
        self.currency = currency
        self.status = Status.PLACED
        self.payment: UUID | None = None
        """Key of the payment under way, or of the one that succeeded."""
        self.payment_started_on: datetime | None = None
        self.timed_out = False
        self.failed: list[str] = []
        """Keys of the payments that the bank refused."""

    @property
    def number(self) -> str:
        return number_of(self.id)

    def hand_over(self, customer: UUID) -> None:
        if customer != self.customer:
            self.trigger_event(self.HandedOver, customer=customer)

    def start_payment(self, key: UUID) -> None:
        """Begins to pay; with the same key again, it has begun. Raises NotNowError."""
        if self.payment == key:
            return
        if str(key) in self.failed:
            raise NotNowError("This payment was refused already. Please pay anew.")
        if self.status is Status.PAYING:
            raise NotNowError("A payment for this order is under way already; nothing more was charged.")
        if self.status is not Status.PLACED:
            raise NotNowError(f"This order is {self.status} already; nothing was charged.")
        self.trigger_event(self.PaymentStarted, key=key, amount=self.total)

    def succeed(self, key: UUID) -> bool:
        """Whether that is news."""
        if self.status is not Status.PAYING or self.payment != key:
            return False
        self.trigger_event(self.PaymentSucceeded, key=key, amount=self.total, visitor=self.visitor)
        return True

    def fail(self, key: UUID, reason: str) -> None:
        if self.status is Status.PAYING and self.payment == key:
            self.trigger_event(self.PaymentFailed, key=key, reason=reason)

    def time_out(self, key: UUID) -> None:
        if self.status is Status.PAYING and self.payment == key and not self.timed_out:
            self.trigger_event(self.PaymentTimedOut, key=key)

    def cancel(self, reason: str) -> None:
        """Raises NotNowError."""
        if self.status is not Status.PLACED:
            raise NotNowError(f"This order is {self.status}; it cannot be cancelled.")
        self.trigger_event(self.Cancelled, reason=reason)

    def refund(self, reason: str, by: str) -> None:
        """Raises NotNowError."""
        if self.status is not Status.PAID:
            raise NotNowError(f"This order is {self.status}; only a paid one can be refunded.")
        self.trigger_event(self.Refunded, amount=self.total, reason=reason, by=by, visitor=self.visitor)


def order_id_of(basket_id: UUID, version: int) -> UUID:
    return uuid5(ORDER_OF, f"{basket_id}/{version}")


def number_of(order_id: UUID) -> str:
    """How people say which order: 8 letters in two groups."""
    rest, letters = order_id.int >> 88, ""
    for _ in range(8):
        rest, digit = divmod(rest, len(ALPHABET))
        letters = ALPHABET[digit] + letters
    return f"{letters[:4]}-{letters[4:]}"


def state_of(order: Order) -> dict[str, Any]:
    """What is known of the order, for people to read."""
    return {
        "status": str(order.status),
        "customer": str(order.customer),
        "lines": [f"{line['quantity']} × {line['name']} at {line['price']}" for line in order.lines],
        "total": f"{order.total} {order.currency}",
        "payment": str(order.payment or ""),
        "refused payments": order.failed,
        "last change": order.modified_on.isoformat(timespec="seconds"),
    }
