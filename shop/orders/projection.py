"""From the facts of orders to what pages read."""

from collections.abc import Sequence
from typing import Any

from eventsourcing.domain import DomainEvent

from shop.facts.following import Follower
from shop.orders.models import OrderEntry, OrderView
from shop.orders.order import Line, Order, Status

ORDER_FACTS = (
    Order.Placed,
    Order.HandedOver,
    Order.PaymentStarted,
    Order.PaymentSucceeded,
    Order.PaymentFailed,
    Order.PaymentTimedOut,
    Order.Cancelled,
    Order.Refunded,
)
STATUS_AFTER: dict[type[DomainEvent], Status] = {
    Order.PaymentStarted: Status.PAYING,
    Order.PaymentSucceeded: Status.PAID,
    Order.PaymentFailed: Status.PLACED,
    Order.Cancelled: Status.CANCELLED,
    Order.Refunded: Status.REFUNDED,
}


class Orders(Follower):
    name = "orders"
    tables = (OrderView, OrderEntry)
    facts = ORDER_FACTS

    def follow(self, facts: Sequence[DomainEvent]) -> None:
        views = {
            view.order_id: view
            for view in OrderView.objects.filter(order_id__in={fact.originator_id for fact in facts})
        }
        for fact in facts:
            if isinstance(fact, Order.Placed):
                views[fact.originator_id] = _placed(fact)
            view = views[fact.originator_id]
            view.status = STATUS_AFTER.get(type(fact), view.status)
            view.timed_out = isinstance(fact, Order.PaymentTimedOut)
            if isinstance(fact, Order.HandedOver):
                view.customer = fact.customer
            view.changed_at = fact.timestamp
            view.version = fact.originator_version
        OrderView.objects.bulk_create(
            views.values(),
            update_conflicts=True,
            unique_fields=["order_id"],
            update_fields=["customer", "status", "timed_out", "changed_at", "version"],
        )
        OrderEntry.objects.bulk_create([_entry(fact) for fact in facts])


def _placed(fact: Order.Placed) -> OrderView:
    return OrderView(
        order_id=fact.originator_id,
        customer=fact.customer,
        status=Status.PLACED,
        total=fact.total,
        currency=fact.currency,
        lines=[_line(line) for line in fact.lines],
        placed_at=fact.timestamp,
    )


def _line(line: Line) -> dict[str, Any]:
    return {**line, "price": str(line["price"])}


def _entry(fact: DomainEvent) -> OrderEntry:
    detail = ""
    if isinstance(fact, Order.PaymentFailed | Order.Cancelled):
        detail = fact.reason
    elif isinstance(fact, Order.Refunded):
        detail = f"{fact.reason} ({fact.by})" if fact.by else fact.reason
    return OrderEntry(
        order_id=fact.originator_id,
        version=fact.originator_version,
        kind=type(fact).__name__,
        happened_at=fact.timestamp,
        detail=detail[:300],
    )
