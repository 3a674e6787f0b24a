"""Two customers who turn out to be one."""

from uuid import UUID

from shop.basket.basket import Basket
from shop.facts.application import find, insist, save
from shop.facts.pages import show
from shop.orders.models import OrderView
from shop.orders.order import Order


def join(anonymous: UUID, known: UUID) -> None:
    """Puts the anonymous customer's basket into that of the known one, and hands their orders over."""
    insist(lambda: _pour(anonymous, known))
    for order_id in OrderView.objects.filter(customer=anonymous).values_list("order_id", flat=True):
        insist(lambda order_id=order_id: _hand_over(order_id, known))  # type: ignore[misc]
    show()


def _pour(anonymous: UUID, known: UUID) -> None:
    left = find(Basket, Basket.create_id(anonymous))
    if left is None or not left.lines:
        return
    own = find(Basket, Basket.create_id(known)) or Basket(customer=known)
    left.empty_into(own)
    save(left, own)


def _hand_over(order_id: UUID, customer: UUID) -> None:
    order = find(Order, order_id)
    if order is not None:
        order.hand_over(customer)
        save(order)
