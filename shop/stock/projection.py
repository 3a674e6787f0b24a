"""From the facts of stock to what pages read."""

from collections.abc import Sequence

from django.db import connection
from eventsourcing.domain import DomainEvent

from shop.facts.following import Follower
from shop.stock.models import StockLevel
from shop.stock.stock import Stock


class StockLevels(Follower):
    name = "stock"
    tables = (StockLevel,)
    facts = (Stock.Opened, Stock.Counted, Stock.Reserved, Stock.Released, Stock.Sold, Stock.Returned)

    def follow(self, facts: Sequence[DomainEvent]) -> None:
        levels = {
            level.stock_id: level
            for level in StockLevel.objects.filter(stock_id__in={fact.originator_id for fact in facts})
        }
        for fact in facts:
            if isinstance(fact, Stock.Opened):
                levels[fact.originator_id] = StockLevel(
                    product_id=fact.product_id, stock_id=fact.originator_id
                )
            level = levels[fact.originator_id]
            work_in(fact, level)
            level.version = fact.originator_version
        StockLevel.objects.bulk_create(
            levels.values(),
            update_conflicts=True,
            unique_fields=["product_id"],
            update_fields=["available", "reserved", "sold", "version"],
        )
        tell_products([level.product_id for level in levels.values()])


def work_in(fact: DomainEvent, level: StockLevel) -> None:
    if isinstance(fact, Stock.Opened | Stock.Counted):
        level.available = fact.quantity
    elif isinstance(fact, Stock.Reserved):
        level.available -= fact.quantity
        level.reserved += fact.quantity
    elif isinstance(fact, Stock.Released):
        level.available += fact.quantity
        level.reserved -= fact.quantity
    elif isinstance(fact, Stock.Sold):
        level.sold += fact.quantity
        level.reserved -= fact.quantity
    elif isinstance(fact, Stock.Returned):
        level.available += fact.quantity
        level.sold -= fact.quantity


def tell_products(product_ids: Sequence[str]) -> None:
    """Lists and pages read `Product.stock`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE shop_product AS product SET stock = level.available FROM shop_stocklevel AS level "
            "WHERE level.product_id = ANY(%s) AND product.product_id = level.product_id "
            "AND product.stock <> level.available",
            [list(product_ids)],
        )
