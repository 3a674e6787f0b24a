"""Paying an order, calling it off, giving it back: each once, whoever asks how often."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from shop.facts.application import find, insist, save
from shop.facts.pages import show
from shop.orders import bank
from shop.orders.bank import Answer, BankTimeoutError, Card
from shop.orders.models import OrderView
from shop.orders.order import NotNowError, Order, Status
from shop.stock.inventory import names_of, stocks_of

PATIENCE: Final = timedelta(seconds=30)
"""After so long without an answer the bank is asked what became of a payment."""
RESERVED_FOR: Final = timedelta(minutes=30)
"""An order that nobody pays gives its goods back after so long."""
AT_ONCE: Final = 100


def pay(order_id: UUID, key: UUID, card: Card) -> Status:
    """Pays with a key of the customer's page, which is charged once however often it is sent.

    Raises NotNowError. Between the steps the process may die: `settle` finishes what it began.
    """
    order = _do(order_id, lambda order: order.start_payment(key))
    if order.status is not Status.PAYING:
        return order.status
    try:
        answer = bank.charge(key, order_id, order.total, card)
    except BankTimeoutError:
        return _do(order_id, lambda order: order.time_out(key)).status
    return _answered(order_id, key, answer)


def settle(order_id: UUID) -> Status:
    """Asks the bank what became of the payment under way. What it has not heard of will not be charged."""
    order = find(Order, order_id)
    if order is None or order.status is not Status.PAYING or order.payment is None:
        raise NotNowError("No payment of this order is under way.")
    return _answered(order_id, order.payment, bank.settle(order.payment, order_id, order.total))


def cancel(order_id: UUID, reason: str) -> None:
    """Gives the reserved goods back. Raises NotNowError."""
    _do(order_id, lambda order: order.cancel(reason))


def refund(order_id: UUID, reason: str, by: str) -> None:
    """The goods come back into the stock. Raises NotNowError."""
    _do(order_id, lambda order: order.refund(reason, by))


def finish_what_was_left(now: datetime | None = None) -> tuple[int, int]:
    """Settles payments without an answer and gives back what nobody paid; how many of each."""
    now = now or datetime.now(UTC)
    unanswered = _ids(Status.PAYING, now - PATIENCE)
    for order_id in unanswered:
        settle(order_id)
    unpaid = _ids(Status.PLACED, now - RESERVED_FOR)
    for order_id in unpaid:
        cancel(order_id, f"not paid within {RESERVED_FOR.seconds // 60} minutes")
    return len(unanswered), len(unpaid)


def _ids(status: Status, changed_before: datetime) -> list[UUID]:
    found = OrderView.objects.filter(status=status, changed_at__lt=changed_before).order_by("changed_at")
    return list(found.values_list("order_id", flat=True)[:AT_ONCE])


def _answered(order_id: UUID, key: UUID, answer: Answer) -> Status:
    if answer is Answer.CHARGED:
        return _do(order_id, lambda order: order.succeed(key)).status
    reason = "declined by the bank" if answer is Answer.DECLINED else "the bank knows nothing of it"
    return _do(order_id, lambda order: order.fail(key, reason)).status


def _do(order_id: UUID, act: Callable[[Order], object]) -> Order:
    """What happens to an order moves its stock in the same transaction."""
    known = find(Order, order_id)
    if known is None:
        raise NotNowError("There is no such order.")
    quantities = {line["product_id"]: line["quantity"] for line in known.lines}

    def command() -> Order:
        order = find(Order, order_id)
        if order is None:
            raise NotNowError("There is no such order.")
        before = order.status
        act(order)
        if not order.pending_events:
            return order
        stocks = stocks_of(quantities) if order.status is not before and order.status in MOVES_STOCK else {}
        for product_id, stock in stocks.items():
            if order.status is Status.PAID:
                stock.sell(order_id)
            elif order.status is Status.CANCELLED:
                stock.release(order_id)
            else:
                stock.take_back(order_id, quantities[product_id])
        save(order, *stocks.values())
        return order

    done = insist(command, alone_with=names_of(quantities))
    show()
    return done


MOVES_STOCK: Final = {Status.PAID, Status.CANCELLED, Status.REFUNDED}
