"""Somebody who looks at the shop's first page twice a second, whatever else goes on."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

import httpx

EVERY_SECONDS = 0.5
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Visit:
    asked_at: float
    """By time.monotonic."""
    status: int
    """0 for no answer."""
    seconds: float

    @property
    def good(self) -> bool:
        return self.status == httpx.codes.OK


@dataclass
class ShopWatch:
    shop: str
    visits: list[Visit] = field(default_factory=list)

    async def __aenter__(self) -> "ShopWatch":
        self.task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task

    @property
    def bad(self) -> list[Visit]:
        return [visit for visit in self.visits if not visit.good]

    def good_again_after(self, moment: float) -> float | None:
        """Seconds from a moment until the shop answered 200 and went on to; None where it does not yet."""
        after = [visit for visit in self.visits if visit.asked_at + visit.seconds >= moment]
        last_bad = max((number for number, visit in enumerate(after) if not visit.good), default=-1)
        if last_bad + 1 >= len(after):
            return None
        visit = after[last_bad + 1]
        return max(0.0, visit.asked_at + visit.seconds - moment) if last_bad >= 0 else 0.0

    async def _watch(self) -> None:
        async with httpx.AsyncClient(base_url=self.shop, timeout=PATIENCE_SECONDS) as client:
            while True:
                asked_at = time.monotonic()
                try:
                    status = (await client.get("/")).status_code
                except httpx.TransportError:
                    status = 0
                took = time.monotonic() - asked_at
                self.visits.append(Visit(asked_at, status, took))
                await asyncio.sleep(max(0.0, EVERY_SECONDS - took))
