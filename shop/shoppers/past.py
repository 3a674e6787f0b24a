"""A week of sessions before the shop opened, so that the first person in it meets suggestions that mean something.

They go through the collector like all others, as a server sends them that speaks for its visitors: with the time at
which each happened.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid4

from shop.models import CURRENCY
from shop.shoppers.sessions import PRODUCT_ADDED, Event, session
from shop.shoppers.shelves import Shelves
from shop.shoppers.tastes import Taste
from tracking.events import LIST_VIEWED

EVENTS = 16_000
"""What it takes for nearly every product of the demo catalogue to be looked at beside half a dozen others."""
SPAN = timedelta(days=7)
BETWEEN_PAGES = (20, 120)
"""Seconds."""
BATCH = 100
BUYS = 0.5
"""How often a basket of the past became an order."""


def past_batches(
    tastes: Sequence[Taste], shelves: Shelves, random: Random, *, opened: datetime, events: int
) -> Iterator[list[Event]]:
    """At least `events` events of visitors who come once each, in batches that the collector takes."""
    batch: list[Event] = []
    sent = 0
    while sent < events:
        visitor_id = str(UUID(int=random.getrandbits(128), version=4))
        at = opened - SPAN * random.random() - timedelta(hours=1)
        basket: list[Event] = []
        for visit in session(random.choice(tastes), shelves, random):
            at += timedelta(seconds=random.uniform(*BETWEEN_PAGES))
            for event in visit.events:
                if event["type"] == "track" and event["event"] != LIST_VIEWED:
                    told = event | {"anonymousId": visitor_id, "timestamp": at.isoformat()}
                    batch.append(told | {"properties": _without_list(event["properties"])})
                    if event["event"] == PRODUCT_ADDED:
                        basket.append(event["properties"])
        if basket and random.random() < BUYS:
            at += timedelta(seconds=random.uniform(*BETWEEN_PAGES))
            batch.append(_order(basket) | {"anonymousId": visitor_id, "timestamp": at.isoformat()})
        while len(batch) >= BATCH:
            yield batch[:BATCH]
            batch, sent = batch[BATCH:], sent + BATCH


def _order(basket: list[Event]) -> Event:
    products = [{"product_id": each["product_id"], "price": each["price"], "quantity": 1} for each in basket]
    order_id = str(uuid4())
    total = round(sum(each["price"] for each in products), 2)
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": order_id,
        "properties": {"order_id": order_id, "total": total, "currency": CURRENCY, "products": products},
    }


def _without_list(properties: Event) -> Event:
    """A server that tells of the past knows what was clicked, and not what else was seen beside it."""
    return {name: value for name, value in properties.items() if name not in ("list_id", "position")}
