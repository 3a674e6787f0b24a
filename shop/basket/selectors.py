"""The basket as pages show it: with the names, prices and stock of now."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from shop.basket.models import BasketView
from shop.models import Product
from shop.selectors import products_shown


@dataclass(frozen=True, slots=True)
class ShownLine:
    product: Product
    quantity: int

    @property
    def total(self) -> Decimal:
        return self.product.price * self.quantity

    @property
    def lacks(self) -> bool:
        """Whether there is less in stock than is wanted."""
        return self.quantity > self.product.stock


@dataclass(frozen=True, slots=True)
class ShownBasket:
    version: int
    lines: Sequence[ShownLine] = ()
    gone: Sequence[str] = ()
    """Products that were taken out of the shop since."""

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def can_be_ordered(self) -> bool:
        return bool(self.lines) and not self.gone and not any(line.lacks for line in self.lines)


def shown_basket(customer: UUID | None) -> ShownBasket:
    view = BasketView.objects.filter(customer=customer).first() if customer else None
    if view is None:
        return ShownBasket(0)
    products = {
        product.product_id: product
        for product in products_shown().filter(product_id__in=[product_id for product_id, _ in view.lines])
    }
    return ShownBasket(
        view.version,
        [ShownLine(products[product_id], n) for product_id, n in view.lines if product_id in products],
        [product_id for product_id, _ in view.lines if product_id not in products],
    )


def things_in_basket(customer: UUID | None) -> int:
    view = BasketView.objects.filter(customer=customer).first() if customer else None
    return view.quantity if view else 0
