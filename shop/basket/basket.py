"""A customer's basket, as a sequence of facts."""

from typing import Final
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate

BASKET_OF = UUID("2a5f7f0e-0a0c-4e64-8a6e-2f6f0f3c7b11")
"""Namespace of the ids: a customer has one basket for ever, which an order empties."""
MOST_OF_ONE: Final = 20
MOST_LINES: Final = 50


class FullError(Exception):
    """The basket holds no more; the message says of what."""


class Basket(Aggregate):
    """`visitor` on its facts is whom the tracking is told of: empty where nobody is to be told."""

    class Started(Aggregate.Created):
        customer: UUID

    class ProductAdded(Aggregate.Event):
        product_id: str
        quantity: int
        visitor: str

        def apply(self, aggregate: "Basket") -> None:
            before = aggregate.lines.get(self.product_id, 0)
            aggregate.lines[self.product_id] = before + self.quantity

    class QuantityChanged(Aggregate.Event):
        product_id: str
        quantity: int
        before: int
        visitor: str

        def apply(self, aggregate: "Basket") -> None:
            aggregate.lines[self.product_id] = self.quantity

    class ProductRemoved(Aggregate.Event):
        product_id: str
        quantity: int
        visitor: str

        def apply(self, aggregate: "Basket") -> None:
            del aggregate.lines[self.product_id]

    class CheckedOut(Aggregate.Event):
        """Its goods are an order now."""

        order_id: UUID

        def apply(self, aggregate: "Basket") -> None:
            aggregate.lines.clear()

    class Emptied(Aggregate.Event):
        """Its goods went into the basket of the customer who logged in."""

        into: UUID

        def apply(self, aggregate: "Basket") -> None:
            aggregate.lines.clear()

    def __init__(self, customer: UUID) -> None:
        self.customer = customer
        self.lines: dict[str, int] = {}
        """How many of each product, in the order in which they were added."""

    @staticmethod
    def create_id(customer: UUID) -> UUID:
        return uuid5(BASKET_OF, str(customer))

    def add(self, product_id: str, quantity: int, visitor: str) -> None:
        """Raises FullError."""
        if self.lines.get(product_id, 0) + quantity > MOST_OF_ONE:
            raise FullError(f"One basket holds at most {MOST_OF_ONE} of a kind.")
        if product_id not in self.lines and len(self.lines) >= MOST_LINES:
            raise FullError(f"One basket holds at most {MOST_LINES} different things.")
        self.trigger_event(self.ProductAdded, product_id=product_id, quantity=quantity, visitor=visitor)

    def change(self, product_id: str, quantity: int, visitor: str) -> None:
        """0 takes the product out. Raises FullError."""
        before = self.lines.get(product_id)
        if before is None or quantity == before:
            return
        if quantity > MOST_OF_ONE:
            raise FullError(f"One basket holds at most {MOST_OF_ONE} of a kind.")
        if quantity == 0:
            self.trigger_event(self.ProductRemoved, product_id=product_id, quantity=before, visitor=visitor)
        else:
            self.trigger_event(
                self.QuantityChanged, product_id=product_id, quantity=quantity, before=before, visitor=visitor
            )

    def check_out(self, order_id: UUID) -> None:
        self.trigger_event(self.CheckedOut, order_id=order_id)

    def empty_into(self, other: "Basket") -> None:
        """As much as the other one takes; nobody is told, since nothing was added that was not before."""
        for product_id, quantity in self.lines.items():
            room = MOST_OF_ONE - other.lines.get(product_id, 0)
            if min(room, quantity) > 0 and (product_id in other.lines or len(other.lines) < MOST_LINES):
                other.add(product_id, min(room, quantity), visitor="")
        if self.lines:
            self.trigger_event(self.Emptied, into=other.id)
