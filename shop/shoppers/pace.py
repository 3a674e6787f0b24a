"""Keeps a steady rate."""

import time
from collections.abc import Callable


class Pace:
    """So many a second, evenly spread. What was missed is not made up for beyond `burst` seconds of it."""

    def __init__(
        self, per_second: float, *, burst: float = 0.5, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = 1 / per_second
        self._burst = burst
        self._clock = clock
        self._free_at = clock()

    def book(self, count: int = 1) -> float:
        """Books `count` and returns the seconds to wait before they may go."""
        now = self._clock()
        start = max(self._free_at, now - self._burst)
        self._free_at = start + count * self._interval
        return max(0.0, start - now)

    def try_book(self) -> bool:
        """Books one if it may go at once."""
        if self._free_at > self._clock():
            return False
        self.book()
        return True
