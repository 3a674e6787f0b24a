"""From a basket to an order: its goods are reserved, all of them or none."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from shop.basket.changing import ChangedMeanwhileError, basket_of
from shop.facts.application import find, insist, save
from shop.facts.pages import show
from shop.models import CURRENCY, Product
from shop.orders.order import Line, Order, order_id_of
from shop.orders.sealing import Delivery, sealed_delivery
from shop.stock.inventory import names_of, stocks_of


class NotOnSaleError(Exception):
    """A product of the basket was taken out of the shop."""

    def __init__(self, product_ids: set[str]) -> None:
        super().__init__(", ".join(sorted(product_ids)))
        self.product_ids = product_ids


def place_order(customer: UUID, delivery: Delivery, visitor: str, *, seen: int, total: Decimal) -> UUID:
    """Makes an order of the basket that the page showed at version `seen`, for `total`; its id.

    Sent twice, it is one order. Raises ChangedMeanwhileError, SoldOutError and NotOnSaleError: then nothing is done.
    """
    wanted = basket_of(customer).lines

    def command() -> UUID:
        basket = basket_of(customer)
        order_id = order_id_of(basket.id, seen)
        if basket.version != seen:
            if find(Order, order_id) is not None:
                return order_id
            raise ChangedMeanwhileError
        lines = lines_of(basket.lines)
        if not lines or total_of(lines) != total:
            raise ChangedMeanwhileError
        stocks = stocks_of(sorted(basket.lines))
        for product_id, stock in stocks.items():
            stock.reserve(order_id, basket.lines[product_id])
        order = place(order_id, customer, delivery, visitor, lines)
        basket.check_out(order_id)
        save(order, basket, *stocks.values())
        return order_id

    order_id = insist(command, alone_with=names_of(wanted))
    show()
    return order_id


def place(order_id: UUID, customer: UUID, delivery: Delivery, visitor: str, lines: list[Line]) -> Order:
    return Order._create(
        Order.Placed,
        id=order_id,
        customer=customer,
        visitor=visitor,
        lines=lines,
        total=total_of(lines),
        sealed=sealed_delivery(order_id, delivery),
        currency=CURRENCY,
    )


def lines_of(wanted: Mapping[str, int]) -> list[Line]:
    """With the names and prices of now. Raises NotOnSaleError."""
    products = {
        product.product_id: product for product in Product.objects.filter(product_id__in=wanted, hidden=False)
    }
    if gone := set(wanted) - set(products):
        raise NotOnSaleError(gone)
    return [
        Line(
            product_id=product_id,
            name=products[product_id].name,
            price=products[product_id].price,
            quantity=quantity,
        )
        for product_id, quantity in wanted.items()
    ]


def total_of(lines: list[Line]) -> Decimal:
    return sum((line["price"] * line["quantity"] for line in lines), Decimal(0))
