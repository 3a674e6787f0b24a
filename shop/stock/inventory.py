"""Changing what the shop has: counted by hand or by an import, reserved and sold by orders."""

from collections.abc import Iterable, Mapping

from eventsourcing.domain import Aggregate

from shop.facts.application import find, insist, save
from shop.models import Product
from shop.stock.models import StockLevel
from shop.stock.stock import Stock


def stock_of(product_id: str) -> Stock:
    """Its facts so far; they begin with what the product's row says."""
    found = find(Stock, Stock.create_id(product_id))
    if found is not None:
        return found
    quantity = Product.objects.values_list("stock", flat=True).get(product_id=product_id)
    return Stock(product_id=product_id, quantity=quantity)


def stocks_of(product_ids: Iterable[str]) -> dict[str, Stock]:
    return {product_id: stock_of(product_id) for product_id in product_ids}


def names_of(product_ids: Iterable[str]) -> list[str]:
    """What a command names that wants to be alone with these products' stock."""
    return [f"stock/{product_id}" for product_id in product_ids]


def set_counts(counts: Mapping[str, int]) -> None:
    """Says how many of each product can be sold. The caller shows it (`shop.facts.pages.show`).

    Products without facts are only given their number, so that a catalogue of 50,000 takes one statement.
    """
    known = set(StockLevel.objects.filter(product_id__in=list(counts)).values_list("product_id", flat=True))

    def command() -> None:
        stocks = stocks_of(sorted(known))
        for product_id, stock in stocks.items():
            stock.count(counts[product_id])
        changed: list[Aggregate] = [stock for stock in stocks.values() if stock.pending_events]
        if changed:
            save(*changed)
        products = list(Product.objects.filter(product_id__in=set(counts) - known))
        for product in products:
            product.stock = counts[product.product_id]
        Product.objects.bulk_update(products, ["stock"], batch_size=1000)

    insist(command, alone_with=names_of(known))
