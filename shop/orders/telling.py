"""From facts to the tracking: what was added, ordered and given back counts for recommendations.

The events wait in the spool, in the transaction that moves the position: each fact is told once, whoever dies.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from eventsourcing.domain import DomainEvent

from shop.basket.basket import Basket
from shop.facts.application import find
from shop.facts.following import Follower
from shop.models import CURRENCY, Product
from shop.orders.order import Line, Order
from tracking.calls import Call, Sender, draft_of
from tracking.counts import Counts, write
from tracking.delivery.records import record_of_event
from tracking.delivery.spool import insert
from tracking.events import EventType, format_timestamp
from tracking.identities import sealed_now
from tracking.keys import SHOPS_OWN
from tracking.models import Erasure, SpooledRecord


class Telling(Follower):
    name = "telling"
    facts = (
        Basket.ProductAdded,
        Basket.QuantityChanged,
        Basket.ProductRemoved,
        Order.Placed,
        Order.PaymentSucceeded,
        Order.Cancelled,
        Order.Refunded,
    )

    def follow(self, facts: Sequence[DomainEvent]) -> None:
        told = [(fact, *event) for fact in facts if (event := _event_of(fact)) is not None]
        erased = set(
            Erasure.objects.filter(visitor_id__in={visitor for _, visitor, _, _ in told}).values_list(
                "visitor_id", flat=True
            )
        )
        send(
            (_call(fact, name, properties), visitor)
            for fact, visitor, name, properties in told
            if visitor and visitor not in erased
        )


def send(calls: Iterable[tuple[Call, str]]) -> None:
    """Puts the events into the spool and counts them as accepted. Raises DatabaseError."""
    now = datetime.now(UTC)
    received = format_timestamp(now)
    drafts = [
        draft_of(
            call,
            Sender(
                received_at=now,
                received=received,
                sent_at=received,
                visitor_id=visitor,
                source=SHOPS_OWN,
                may_backfill=True,
            ),
        )
        for call, visitor in calls
    ]
    if not drafts:
        return
    records = [record_of_event(event) for event in sealed_now(drafts)]
    insert([SpooledRecord(topic=r.topic, key=r.key, value=r.value, source=r.source) for r in records])
    counted = Counts()  # written in this transaction, since it may be rolled back and told anew
    for record in records:
        for outcome in ("accepted", "spooled"):
            counted.add(record.source, record.event, outcome, at=now)
    write(counted.take())


def _call(fact: DomainEvent, name: str, properties: dict[str, Any]) -> Call:
    return Call(
        type=EventType.TRACK,
        event=name,
        message_id=f"{fact.originator_id}-{fact.originator_version}",
        timestamp=fact.timestamp,
        properties=properties,
    )


Told = tuple[str, str, dict[str, Any]]
"""Visitor, event, properties."""


def _event_of(fact: DomainEvent) -> Told | None:
    if isinstance(fact, Basket.ProductAdded):
        return fact.visitor, "Product Added", _product(fact.product_id, fact.quantity)
    if isinstance(fact, Basket.ProductRemoved):
        return fact.visitor, "Product Removed", _product(fact.product_id, fact.quantity)
    if isinstance(fact, Basket.QuantityChanged):
        more = fact.quantity - fact.before
        name = "Product Added" if more > 0 else "Product Removed"
        return fact.visitor, name, _product(fact.product_id, abs(more))
    if isinstance(fact, Order.Placed):
        return fact.visitor, "Checkout Started", _order(fact)
    names: dict[type[DomainEvent], str] = {
        Order.PaymentSucceeded: "Order Completed",
        Order.Cancelled: "Order Cancelled",
        Order.Refunded: "Order Refunded",
    }
    order = find(Order, fact.originator_id) if type(fact) in names else None
    return (order.visitor, names[type(fact)], _order(order)) if order else None


def _product(product_id: str, quantity: int) -> dict[str, Any]:
    found = Product.objects.filter(product_id=product_id).select_related("category").first()
    known = {"price": float(found.price), "category": found.category.slug} if found else {}
    return {"product_id": product_id, "quantity": quantity, "currency": CURRENCY, **known}


def _order(order: Order | Order.Placed) -> dict[str, Any]:
    order_id = order.originator_id if isinstance(order, Order.Placed) else order.id
    total = float(order.total)
    return {
        "order_id": str(order_id),
        "revenue": total,
        "total": total,
        "currency": order.currency,
        "products": [_line(line) for line in order.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "product_id": line["product_id"],
        "price": float(line["price"]),
        "quantity": line["quantity"],
    }
