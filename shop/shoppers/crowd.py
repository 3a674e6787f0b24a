"""Sends the crowd through the shop at a steady rate, for as long as it is let."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import httpx

from shop.shoppers.pace import Pace
from shop.shoppers.sessions import Event, Visit, session
from shop.shoppers.shelves import Shelves
from shop.shoppers.site import Site, SiteDownError, SlowDownError, now
from shop.shoppers.tastes import Taste, plant_tastes

SHOPPERS = 300
TASTES = 40
IN_THE_SHOP = 40
"""Shoppers in the middle of a session at any one time."""
HANDS = 8
"""Requests under way at once."""
PAGES_A_SECOND = 2
LONGEST_WAIT = 10.0
"""Seconds between attempts while the site is down, at most."""


@dataclass(slots=True)
class Shopper:
    taste: Taste
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    """Empty until they have been given their visitor's cookie."""
    visits: Iterator[Visit] = field(default_factory=lambda: iter(()))


@dataclass(slots=True)
class Tally:
    events: int = 0
    rejected: int = 0
    pages: int = 0
    shoppers: int = 0


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
        tastes = plant_tastes(shelves, TASTES, random)
        self.tally = Tally()
        self._site = site
        self._shelves = shelves
        self._origin = origin
        self._random = random
        self._say = say
        self._newcomers = deque(Shopper(tastes[i % TASTES]) for i in range(SHOPPERS))
        self._regulars: deque[Shopper] = deque()
        self._inside: deque[Shopper] = deque()
        self._events = Pace(rate)
        self._pages = Pace(PAGES_A_SECOND)
        self._open = asyncio.Event()
        self._open.set()
        self._failures = 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as hands:
            for _ in range(HANDS):
                hands.create_task(self._keep_visiting())

    async def _keep_visiting(self) -> None:
        while True:
            shopper = await self._next_shopper()
            visit = next(shopper.visits, None)
            if visit is None:
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
        is_spare = not self._newcomers  # a page is better spent on someone who needs their cookie
        if not shopper.cookies or (is_spare and self._pages.try_book()):
            await self._insist(lambda: self._site.open_page(visit.path, shopper.cookies))
            self.tally.pages += 1
        happened = [event | {"timestamp": now()} for event in visit.events]
        await self._insist(lambda: self._send(happened, shopper))

    async def _send(self, events: Sequence[Event], shopper: Shopper) -> None:
        rejected = await self._site.send(events, shopper.cookies)
        if rejected and not self.tally.rejected:
            self._say(f"The collector rejects events, first because {rejected[0]}.")
        self.tally.rejected += len(rejected)
        self.tally.events += len(events) - len(rejected)

    async def _insist(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """Tries until it works. While the site is down, everyone waits, and it is said once."""
        while True:
            await self._open.wait()
            try:
                await attempt()
            except SlowDownError as error:
                await self._wait_outside(error, error.seconds)
            except SiteDownError as error:
                await self._wait_outside(error, min(0.5 * 2**self._failures, LONGEST_WAIT))
            else:
                if self._failures:
                    self._say("The shop answers again.")
                    self._failures = 0
                return

    async def _wait_outside(self, error: Exception, seconds: float) -> None:
        if not self._open.is_set():
            return  # someone else has found the door closed, and waits for all
        self._open.clear()
        if not self._failures:
            self._say(f"The shop cannot be visited ({error}); trying again until it can.")
        self._failures += 1
        await asyncio.sleep(seconds)
        self._open.set()
