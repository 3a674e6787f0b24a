"""The stock of one product, as a sequence of facts."""

from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate

STOCK_OF = UUID("6d1b1c1e-53a8-4d0e-9d59-5f3f2d1c0a10")
"""Namespace of the ids: a product has one stock, whoever opens it first."""


class SoldOutError(Exception):
    """There is less of a product than was asked for."""

    def __init__(self, product_id: str, available: int) -> None:
        super().__init__(f"{product_id}: {available} left")
        self.product_id = product_id
        self.available = available


class Stock(Aggregate):
    """`available` can be sold; what is reserved belongs to an order that is not paid yet."""

    class Opened(Aggregate.Created):
        product_id: str
        quantity: int

    class Counted(Aggregate.Event):
        """So many can be sold, whatever was believed before; what is reserved is not among them."""

        quantity: int

        def apply(self, aggregate: "Stock") -> None:
            aggregate.available = self.quantity

    class Reserved(Aggregate.Event):
        order_id: UUID
        quantity: int

        def apply(self, aggregate: "Stock") -> None:
            aggregate.available -= self.quantity
            aggregate.reserved[str(self.order_id)] = self.quantity

    class Released(Aggregate.Event):
        """The order was not paid."""

        order_id: UUID
        quantity: int

        def apply(self, aggregate: "Stock") -> None:
            aggregate.available += aggregate.reserved.pop(str(self.order_id))

    class Sold(Aggregate.Event):
        order_id: UUID
        quantity: int

        def apply(self, aggregate: "Stock") -> None:
            aggregate.sold += aggregate.reserved.pop(str(self.order_id))

    class Returned(Aggregate.Event):
        """An order was refunded and its goods came back."""

        order_id: UUID
        quantity: int

        def apply(self, aggregate: "Stock") -> None:
            aggregate.available += self.quantity
            aggregate.sold -= self.quantity

    def __init__(self, product_id: str, quantity: int) -> None:
        self.product_id = product_id
        self.available = quantity
        self.reserved: dict[str, int] = {}
        """How many by order."""
        self.sold = 0

    @staticmethod
    def create_id(product_id: str) -> UUID:
        return uuid5(STOCK_OF, product_id)

    def count(self, quantity: int) -> None:
        if quantity != self.available:
            self.trigger_event(self.Counted, quantity=quantity)

    def reserve(self, order_id: UUID, quantity: int) -> None:
        """Raises SoldOutError."""
        if quantity > self.available:
            raise SoldOutError(self.product_id, self.available)
        self.trigger_event(self.Reserved, order_id=order_id, quantity=quantity)

    def release(self, order_id: UUID) -> None:
        if quantity := self.reserved.get(str(order_id)):
            self.trigger_event(self.Released, order_id=order_id, quantity=quantity)

    def sell(self, order_id: UUID) -> None:
        """What was reserved for the order leaves the shop."""
        if quantity := self.reserved.get(str(order_id)):
            self.trigger_event(self.Sold, order_id=order_id, quantity=quantity)

    def take_back(self, order_id: UUID, quantity: int) -> None:
        self.trigger_event(self.Returned, order_id=order_id, quantity=quantity)
