"""What this process sends to its open pages, told in Valkey for whoever measures; lost with the process."""

import asyncio
import logging
import os
import socket
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

HASH: Final = "tributary.figures"
"""In Valkey: the figures of each process by its host and pid."""
TELL_SECONDS: Final = 2.0
STALE_SECONDS: Final = 10.0
"""A process that has not told for so long has ended, or has nothing to tell."""
RATE_SECONDS: Final = 10.0
FAN_OUT_SECONDS: Final = 60.0
FRESH_SECONDS: Final = 300.0
MOST_FRESH: Final = 500
MOST_SENT: Final = 50_000


class Figures(msgspec.Struct, frozen=True):
    """Of one process, at one moment."""

    at: float
    """Seconds since 1970."""
    sockets: int
    sent: int
    """Lists sent within the last RATE_SECONDS."""
    pages: int
    """Lists sent within the last FAN_OUT_SECONDS ..."""
    lists: int
    """... and how many different ones they were."""
    seconds: list[float]
    """From the receipt of a click to the sending of its list, the newest MOST_FRESH within FRESH_SECONDS."""


@dataclass(slots=True)
class Sent:
    at: float
    visitor_id: str
    version: int


class Counting:
    """Counts what one event loop's sockets do, and tells it every TELL_SECONDS while one is open."""

    def __init__(self) -> None:
        self.sockets = 0
        self.sent: deque[Sent] = deque(maxlen=MOST_SENT)
        self.fresh: deque[tuple[float, float]] = deque(maxlen=MOST_FRESH)
        self.telling: asyncio.Task[None] | None = None
        self.name = f"{socket.gethostname()}.{os.getpid()}"

    def opened(self) -> None:
        self.sockets += 1
        loop = asyncio.get_running_loop()
        if self.telling is None or self.telling.done() or self.telling.get_loop() is not loop:
            self.telling = loop.create_task(self._tell())

    def closed(self) -> None:
        self.sockets -= 1

    def has_sent(self, visitor_id: str, version: int, received_at: str | None) -> None:
        """A list went to a page. `received_at` is of the click that it was composed for at once."""
        now = time.monotonic()
        self.sent.append(Sent(now, visitor_id, version))
        if received_at is not None:
            took = datetime.now(UTC) - datetime.fromisoformat(received_at)
            self.fresh.append((now, took.total_seconds()))

    def figures(self) -> Figures:
        now = time.monotonic()
        while self.sent and self.sent[0].at < now - FAN_OUT_SECONDS:
            self.sent.popleft()
        while self.fresh and self.fresh[0][0] < now - FRESH_SECONDS:
            self.fresh.popleft()
        return Figures(
            at=time.time(),
            sockets=self.sockets,
            sent=sum(each.at >= now - RATE_SECONDS for each in self.sent),
            pages=len(self.sent),
            lists=len({(each.visitor_id, each.version) for each in self.sent}),
            seconds=[round(seconds, 4) for _, seconds in self.fresh],
        )

    async def _tell(self) -> None:
        """Ends once nothing of what was counted matters any more; the next socket begins again."""
        client: Any = Redis.from_url(
            settings.VALKEY_URL, socket_timeout=TELL_SECONDS, socket_connect_timeout=TELL_SECONDS
        )
        try:
            while True:
                figures = self.figures()
                try:
                    await client.hset(HASH, self.name, msgspec.json.encode(figures))
                except (RedisError, OSError) as error:
                    logger.debug("What is pushed cannot be told to Valkey: %s", error)
                if not (figures.sockets or figures.pages or figures.seconds):
                    return
                await asyncio.sleep(TELL_SECONDS)
        finally:
            await client.aclose()


counting = Counting()


def decode(told: Mapping[bytes, bytes]) -> tuple[list[Figures], list[bytes]]:
    """The figures of the processes that tell them still, and the names of those that do not."""
    figures = {name: msgspec.json.decode(each, type=Figures) for name, each in told.items()}
    newest = time.time() - STALE_SECONDS
    return (
        [each for each in figures.values() if each.at >= newest],
        [name for name, each in figures.items() if each.at < newest],
    )
