"""What Celery does for the shop."""

from celery import shared_task

from shop.facts.pages import show
from shop.importing import running
from shop.orders import paying
from shop.stock.inventory import set_counts
from shop.stock.models import StockLevel
from shop.stock.projection import StockLevels

DELIVERED = 20
"""Of each product."""


@shared_task
def finish_orders() -> None:
    """Asks the bank what became of unanswered payments, and gives back what nobody paid."""
    paying.finish_what_was_left()


@shared_task
def import_catalogue(import_id: int) -> None:
    running.run(import_id)


@shared_task
def take_delivery() -> None:
    """The demo shop's supplier comes in the night: what was sold out is there again."""
    sold_out = StockLevel.objects.filter(available=0).values_list("product_id", flat=True)
    set_counts(dict.fromkeys(sold_out, DELIVERED))
    show(StockLevels())
