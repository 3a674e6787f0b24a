"""Orders made without pages."""

from decimal import Decimal
from uuid import UUID, uuid4

from shop.basket.changing import add, basket_of
from shop.basket.selectors import shown_basket
from shop.orders.bank import Card
from shop.orders.checkout import place_order
from shop.orders.paying import pay
from shop.orders.sealing import Delivery

HOME = Delivery("Ada Byron", "Weir Lane 1", "10115", "Berlin")


def ordered(*products: str, visitor: str = "", customer: UUID | None = None) -> UUID:
    """An order that is placed and not paid."""
    customer = customer or uuid4()
    for product_id in products:
        add(customer, product_id, 1, visitor)
    total: Decimal = shown_basket(customer).total
    return place_order(customer, HOME, visitor, seen=basket_of(customer).version, total=total)


def paid(*products: str, visitor: str = "") -> UUID:
    order_id = ordered(*products, visitor=visitor)
    pay(order_id, uuid4(), Card.ACCEPTED)
    return order_id
