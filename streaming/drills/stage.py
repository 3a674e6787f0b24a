"""What a drill's steps have at hand, and what they tell."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from streaming.drills.load import SteadyLoad
from streaming.drills.partitions import LayoutWatch, NeverError
from streaming.drills.parts import Parts, Struck
from streaming.drills.putting_back import Debts
from streaming.drills.recording import Recording
from streaming.drills.shop import ShopWatch
from streaming.drills.sockets import OpenPages

PRODUCTS = tuple(f"drill-{number}" for number in range(1, 21))
"""What a drill's visitors look at. No catalogue has them: nobody is shown one."""
VIEW_EVERY = 5
CALM_SECONDS = 2.0
RECOVERY_SECONDS = 60.0


class DrillLoad(SteadyLoad):
    """Every fifth event is a look at a product, which the model learns from; the others bear the drill's own name."""

    def call(self, visitor: str, number: int, message_id: str) -> dict[str, Any]:
        call = super().call(visitor, number, message_id)
        if number % VIEW_EVERY == 0:
            product = PRODUCTS[(int(visitor.rpartition("-")[2]) + number // VIEW_EVERY) % len(PRODUCTS)]
            call |= {"event": "Product Viewed", "properties": {"product_id": product}}
        return call


@dataclass
class Stage:
    shop: str
    write_key: str
    rate: int
    parts: Parts
    debts: Debts
    recording: Recording
    struck_at: float | None = None
    """By time.monotonic, as the next."""
    returned_at: float | None = None
    """When what was struck was back: recoveries count from here."""
    measures: dict[str, Callable[[], float | None]] = field(default_factory=dict)
    running: AsyncExitStack = field(default_factory=AsyncExitStack)
    """Load and watchers. Left without an error, everything that was begun to be sent has been acknowledged."""

    def __post_init__(self) -> None:
        self.load = DrillLoad(self.shop, self.write_key, self.rate)
        self.load.name = f"Drill {uuid4().hex[:12]}"
        self.visits = ShopWatch(self.shop)
        self.pages = OpenPages(self.shop, self.write_key, PRODUCTS)
        self.layout = LayoutWatch()

    async def begin(self) -> None:
        """Everybody is there and served before anything is struck."""
        await self.running.enter_async_context(self.visits)
        await self.running.enter_async_context(self.pages)
        await self.running.enter_async_context(self.load)
        await self.until(self.pages.all_live, 30, "the open pages are sent lists")
        await asyncio.sleep(CALM_SECONDS)

    def struck(self, what: str) -> None:
        self.struck_at = time.monotonic()
        self.recording.note(what)

    def returned(self, what: str) -> None:
        """What was struck is back: measures how long that took."""
        self.returned_at = time.monotonic()
        self.recording.note(what)
        if self.struck_at is not None:
            self.recording.number("back", "Until it was back", self.returned_at - self.struck_at, "s")

    @contextmanager
    def sampled(self, name: str, value: Callable[[], float | None]) -> Iterator[None]:
        """Adds a series to the report, of what `value` says once a second within the block; it may block."""
        self.measures[name] = value
        try:
            yield
        finally:
            del self.measures[name]

    async def kill(self, part: str) -> Struck:
        struck = self.parts.kill(part)
        self.struck(f"{part} (pid {struck.pid}) killed with SIGKILL")
        return struck

    async def until(self, holds: Callable[[], bool | Awaitable[bool]], seconds: float, what: str) -> None:
        """Asks ten times a second. Raises NeverError."""
        deadline = time.monotonic() + seconds
        while True:
            answer = holds()
            if answer if isinstance(answer, bool) else await answer:
                return
            if time.monotonic() > deadline:
                raise NeverError(f"Not within {seconds:.0f} s: {what}.")
            await asyncio.sleep(0.1)

    def recovered(self) -> bool:
        """Whether shop and open pages go on, after what was struck has returned."""
        moment = self.returned_at
        return moment is not None and None not in (
            self.pages.recovered_after(moment),
            self.visits.good_again_after(moment),
        )

    async def settle(self) -> None:
        """Until everybody is served again, and a little longer; who is not by then has not recovered."""
        deadline = time.monotonic() + RECOVERY_SECONDS
        while not self.recovered() and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        await asyncio.sleep(CALM_SECONDS)
