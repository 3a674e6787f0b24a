"""Load on the collector at a steady rate, with a note of every event that it acknowledged."""

import asyncio
import base64
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

from streaming.drills.connection import Answer, Connection

RETRY_SECONDS = 0.5


@dataclass
class SteadyLoad:
    """Sends `rate` events/s, one a request. Each visitor has a connection and sends in order, as a browser does:

    what was not answered 200 is sent again, under its messageId, before what comes after it. When it is left,
    everything that it began to send has been acknowledged.
    """

    shop: str
    write_key: str
    rate: int
    visitors: int = 100
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    """By visitor, the messageId of every event that was answered 200, in the order of sending."""
    statuses: Counter[int] = field(default_factory=Counter)
    """How often each was answered; 0 for no answer."""
    took: list[tuple[float, float]] = field(default_factory=list)
    """How many seconds each answer took, and how many after the start it was asked for."""

    def __post_init__(self) -> None:
        self.name = f"Load {uuid4().hex[:12]}"
        """Of its events, and the beginning of its visitors' ids: nobody else's."""

        self.began = time.monotonic()
        key = base64.b64encode(f"{self.write_key}:".encode()).decode()
        self.headers = {"authorization": f"Basic {key}"}

    async def __aenter__(self) -> Self:
        self.stopping = asyncio.Event()
        self.tasks = [asyncio.create_task(self._visit(number)) for number in range(self.visitors)]
        return self

    async def __aexit__(self, error: object, *_: object) -> None:
        self.stopping.set()
        if error:  # who was interrupted does not wait for answers
            for task in self.tasks:
                task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=bool(error))

    @property
    def total(self) -> int:
        return sum(map(len, self.acknowledged.values()))

    @property
    def unanswered(self) -> int:
        """Requests that were answered anything but 200, or nothing."""
        return self.statuses.total() - self.statuses[200]

    def waited(self, share: float, since: float = 0) -> float:
        """The seconds within which this share of the answers came, of those asked so many seconds after the start."""
        took = sorted(seconds for seconds, asked in self.took if asked >= since)
        return took[min(len(took) - 1, int(len(took) * share))] if took else 0.0

    def call(self, visitor: str, number: int, message_id: str) -> dict[str, Any]:
        """The body of a visitor's event, the `number`th of theirs."""
        return {
            "event": self.name,
            "messageId": message_id,
            "anonymousId": visitor,
            "context": {"locale": "en"},
        }

    async def _visit(self, number: int) -> None:
        period = self.visitors / self.rate
        at = time.monotonic() + period * number / self.visitors
        visitor = f"{self.name}-{number}"
        known = self.acknowledged[visitor] = []
        connection = Connection(self.shop)
        while not self.stopping.is_set():
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            at += period
            known.append(await self._send(connection, visitor, len(known)))
        connection.close()

    async def _send(self, connection: Connection, visitor: str, number: int) -> str:
        message_id = str(uuid4())
        while (
            answer := await self.attempt(connection, visitor, message_id, number)
        ) is None or answer.status != 200:
            await asyncio.sleep(RETRY_SECONDS)
        return message_id

    async def attempt(
        self, connection: Connection, visitor: str, message_id: str, number: int = 0
    ) -> Answer | None:
        """What sending the event once was answered; None where the connection broke."""
        body = json.dumps(self.call(visitor, number, message_id)).encode()
        began = time.monotonic()
        try:
            answer = await connection.request("POST", "/v1/track", body, self.headers)
        except OSError:
            self.statuses[0] += 1
            return None
        self.statuses[answer.status] += 1
        self.took.append((time.monotonic() - began, began - self.began))
        return answer
