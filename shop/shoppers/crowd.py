"""Sends the crowd through the shop at a steady rate, for as long as it is let."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from random import Random

import httpx

from shop.shoppers.buying import buy
from shop.shoppers.pace import Pace
from shop.shoppers.past import past_batches
from shop.shoppers.patience import Patience
from shop.shoppers.sessions import PRODUCT_ADDED, Event, Visit, session
from shop.shoppers.shelves import Good, Shelves
from shop.shoppers.site import Site, now
from shop.shoppers.strips import clicks_in, seen_in, strips_of
from shop.shoppers.tastes import Taste, plant_tastes

SHOPPERS = 300
TASTES = 120
"""Enough for most of the shop to be to somebody's liking; two or three shoppers share each."""
IN_THE_SHOP = 40
"""Shoppers in the middle of a session at any one time."""
HANDS = 8
"""Requests under way at once."""
PAGES_A_SECOND = 2
ORDERS_A_SECOND = 1 / 30
"""Few enough for the shop's stock to last from one delivery to the next."""
PAGES_AT_THE_TILL = 5
PAST_EVENTS_PER_SECOND = 300
"""Slow enough for whoever is in the shop meanwhile to be answered within the second."""


@dataclass(slots=True)
class Shopper:
    taste: Taste
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    """Empty until they have been given their visitor's cookie."""
    visits: Iterator[Visit] = field(default_factory=lambda: iter(()))
    buys: bool = False
    """Whether they come to order what they like, and not only to put it into the basket."""
    chosen: list[Good] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    events: int = 0
    rejected: int = 0
    pages: int = 0
    shoppers: int = 0
    orders: int = 0


class Crowd:
    """`run` goes on until it is cancelled, or raises RefusedError. `tally` counts from the start."""

    def __init__(
        self,
        site: Site,
        shelves: Shelves,
        *,
        rate: float,
        origin: str,
        random: Random,
        say: Callable[[str], None],
    ) -> None:
        self._tastes = plant_tastes(shelves, TASTES, random)
        self.tally = Tally()
        self._site = site
        self._shelves = shelves
        self._goods = {good.product_id: good for shelf in shelves.values() for good in shelf}
        self._origin = origin
        self._random = random
        self._say = say
        self._newcomers = deque(Shopper(self._tastes[i % TASTES]) for i in range(SHOPPERS))
        self._regulars: deque[Shopper] = deque()
        self._inside: deque[Shopper] = deque()
        self._events = Pace(rate)
        self._pages = Pace(PAGES_A_SECOND)
        self._tills = Pace(ORDERS_A_SECOND)
        self._door = Patience("The shop", say)
        self._collector = Patience("The collector", say)

    async def tell_of_the_past(self, events: int) -> None:
        """Sends a week of earlier sessions to a shop that has nothing to suggest yet; else does nothing."""
        if not events or await self._door.insist(self._site.suggests):
            return
        told = 0
        opened = datetime.now(UTC)
        began = time.monotonic()
        for batch in past_batches(self._tastes, self._shelves, self._random, opened=opened, events=events):
            rejected = await self._collector.insist(partial(self._site.send, batch, httpx.Cookies()))
            self._count(len(batch), rejected)
            told += len(batch)
            await asyncio.sleep(began + told / PAST_EVENTS_PER_SECOND - time.monotonic())
        self._say(f"Told the collector of {told} events of the week before.")

    async def run(self) -> None:
        async with asyncio.TaskGroup() as hands:
            for _ in range(HANDS):
                hands.create_task(self._keep_visiting())

    async def _keep_visiting(self) -> None:
        while True:
            shopper = await self._next_shopper()
            visit = next(shopper.visits, None)
            if visit is None:
                await self._go_to_the_till(shopper)
                self._regulars.append(shopper)
                continue
            await self._make(visit, shopper)
            self._inside.append(shopper)

    async def _next_shopper(self) -> Shopper:
        """Someone who comes in, while there is room; else whoever has waited longest inside.

        A shopper is with one hand at a time, so that their events arrive in their order.
        """
        while True:
            if len(self._inside) < IN_THE_SHOP and (shopper := self._let_in()):
                shopper.visits = session(shopper.taste, self._shelves, self._random, self._origin)
                shopper.buys, shopper.chosen = self._tills.try_book(), []
                return shopper
            if self._inside:
                return self._inside.popleft()
            await asyncio.sleep(0.05)

    def _let_in(self) -> Shopper | None:
        if self._newcomers and self._pages.try_book():
            self.tally.shoppers += 1
            return self._newcomers.popleft()
        return self._regulars.popleft() if self._regulars else None

    async def _make(self, visit: Visit, shopper: Shopper) -> None:
        await asyncio.sleep(self._events.book(len(visit.events)))
        events = self._told_by_the_shop(shopper, visit.events)
        is_spare = not self._newcomers  # a page is better spent on someone who needs their cookie
        if not shopper.cookies or (is_spare and self._pages.try_book()):
            events += await self._look_around(visit, shopper)
        happened = [event | {"timestamp": now()} for event in events]
        rejected = await self._collector.insist(lambda: self._site.send(happened, shopper.cookies))
        self._count(len(happened), rejected)

    async def _look_around(self, visit: Visit, shopper: Shopper) -> list[Event]:
        """Loads the visit's page. What is recommended there is seen, and may be where the shopper goes next."""
        page = await self._door.insist(lambda: self._site.open_page(visit.path, shopper.cookies))
        self.tally.pages += 1
        url = self._origin + visit.path
        strips = strips_of(page)
        clicks = clicks_in(strips, shopper.taste, self._goods, self._random, url, self._origin)
        shopper.visits = chain(clicks, shopper.visits)
        seen = seen_in(strips, url)
        await asyncio.sleep(self._events.book(len(seen)))
        return seen

    def _told_by_the_shop(self, shopper: Shopper, events: Sequence[Event]) -> list[Event]:
        """What is left for the tracker to tell: what a buyer adds, the shop tells when it is in the basket."""
        added = [event for event in events if shopper.buys and event.get("event") == PRODUCT_ADDED]
        shopper.chosen += [self._goods[event["properties"]["product_id"]] for event in added]
        return [event for event in events if event not in added]

    async def _go_to_the_till(self, shopper: Shopper) -> None:
        if shopper.chosen:
            chosen, shopper.chosen = shopper.chosen, []
            await asyncio.sleep(self._pages.book(len(chosen) + PAGES_AT_THE_TILL))
            if await self._door.insist(lambda: buy(chosen, self._site, shopper.cookies, self._random)):
                self.tally.orders += 1

    def _count(self, sent: int, rejected: Sequence[str]) -> None:
        if rejected and not self.tally.rejected:
            self._say(f"The collector rejects events, first because {rejected[0]}.")
        self.tally.rejected += len(rejected)
        self.tally.events += sent - len(rejected)
