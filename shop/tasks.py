"""What Celery does for the shop."""

from celery import shared_task

from shop.importing import running
from shop.orders import paying


@shared_task
def finish_orders() -> None:
    """Asks the bank what became of unanswered payments, and gives back what nobody paid."""
    paying.finish_what_was_left()


@shared_task
def import_catalogue(import_id: int) -> None:
    running.run(import_id)
