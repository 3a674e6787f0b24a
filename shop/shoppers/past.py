"""A week of sessions before the shop opened, so that the first person in it meets suggestions that mean something.

They go through the collector like all others, as a server sends them that speaks for its visitors: with the time at
which each happened.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from shop.shoppers.sessions import Event, session
from shop.shoppers.shelves import Shelves
from shop.shoppers.tastes import Taste
from tracking.events import LIST_VIEWED

EVENTS = 15_000
"""What it takes for nearly every product of the demo catalogue to be looked at beside half a dozen others."""
SPAN = timedelta(days=7)
BETWEEN_PAGES = (20, 120)
"""Seconds."""
BATCH = 100


def past_batches(
    tastes: Sequence[Taste], shelves: Shelves, random: Random, *, opened: datetime, events: int
) -> Iterator[list[Event]]:
    """At least `events` events of visitors who come once each, in batches that the collector takes."""
    batch: list[Event] = []
    sent = 0
    while sent < events:
        visitor_id = str(UUID(int=random.getrandbits(128), version=4))
        at = opened - SPAN * random.random() - timedelta(hours=1)
        for visit in session(random.choice(tastes), shelves, random):
            at += timedelta(seconds=random.uniform(*BETWEEN_PAGES))
            for event in visit.events:
                if event["type"] == "track" and event["event"] != LIST_VIEWED:
                    told = event | {"anonymousId": visitor_id, "timestamp": at.isoformat()}
                    batch.append(told | {"properties": _without_list(event["properties"])})
        while len(batch) >= BATCH:
            yield batch[:BATCH]
            batch, sent = batch[BATCH:], sent + BATCH


def _without_list(properties: Event) -> Event:
    """A server that tells of the past knows what was clicked, and not what else was seen beside it."""
    return {name: value for name, value in properties.items() if name not in ("list_id", "position")}
