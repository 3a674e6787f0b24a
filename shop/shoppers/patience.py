"""Tries again until it works, for all shoppers together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shop.shoppers.site import SiteDownError, SlowDownError

T = TypeVar("T")

FIRST_WAIT = 0.5
LONGEST_WAIT = 10.0
"""Seconds between attempts while it is down."""


class Patience:
    """With one part of the site, `what`: while it is down everyone waits for it, and that is said once."""

    def __init__(self, what: str, say: Callable[[str], None]) -> None:
        self._what = what
        self._say = say
        self._failures = 0
        self._open = asyncio.Event()
        self._open.set()

    async def insist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """The result of `attempt`, made as often as it takes."""
        while True:
            await self._open.wait()
            try:
                result = await attempt()
            except SlowDownError as error:
                await self._wait(error, error.seconds)
            except SiteDownError as error:
                await self._wait(error, min(FIRST_WAIT * 2**self._failures, LONGEST_WAIT))
            else:
                if self._failures:
                    self._say(f"{self._what} answers again.")
                    self._failures = 0
                return result

    async def _wait(self, error: Exception, seconds: float) -> None:
        if not self._open.is_set():
            return  # someone else has found it closed, and waits for all
        self._open.clear()
        if not self._failures:
            self._say(f"{self._what} does not answer ({error}); trying again until it does.")
        self._failures += 1
        await asyncio.sleep(seconds)
        self._open.set()
