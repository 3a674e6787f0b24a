"""How many events a second each key may send to this process."""

import time

from tracking.models import WriteKey


class RateLimits:
    """A bucket of two seconds' worth for each limited key. A batch larger than that leaves a debt behind."""

    def __init__(self) -> None:
        self.buckets: dict[str, tuple[float, float]] = {}

    def seconds_to_wait(self, key: WriteKey, events: int) -> float:
        """0 where the events may come now, and they are counted; else when to come again, and they are not."""
        if key.rate_limit is None:
            return 0.0
        now = time.monotonic()
        left, at = self.buckets.get(key.key, (2.0 * key.rate_limit, now))
        left = min(2.0 * key.rate_limit, left + (now - at) * key.rate_limit)
        if left <= 0:
            return (1 - left) / key.rate_limit
        self.buckets[key.key] = (left - events, now)
        return 0.0
