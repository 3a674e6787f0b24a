"""Load on the collector at a steady rate, with a note of every event that it acknowledged."""

import asyncio
import base64
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from tests.product.connection import Answer, Connection
from tests.stack import Product

BATCH = 10
RETRY_SECONDS = 0.5


@dataclass
class Load:
    """Sends `rate` events/s in batches of 10 from a server that speaks for its visitors, until stopped."""

    product: Product
    rate: int
    visitors: int = 60
    acknowledged: list[str] = field(default_factory=list)
    """messageId of every event that was answered 200."""
    refused: int = 0

    async def __aenter__(self) -> "Load":
        self.stopping = asyncio.Event()
        self.task = asyncio.create_task(self._send())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stopping.set()
        await self.task

    async def _send(self) -> None:
        chance = random.Random(1)
        async with (
            httpx.AsyncClient(base_url=self.product.shop, timeout=30) as client,
            asyncio.TaskGroup() as group,
        ):
            began, sent = time.monotonic(), 0
            while not self.stopping.is_set():
                group.create_task(self._post(client, [self._call(chance) for _ in range(BATCH)]))
                sent += BATCH
                await asyncio.sleep(max(0.0, began + sent / self.rate - time.monotonic()))

    def _call(self, chance: random.Random) -> dict[str, Any]:
        visitor = chance.randrange(self.visitors)
        return {
            "type": "track",
            "event": chance.choice(["Product Viewed", "Product Viewed", "Product Added"]),
            "messageId": str(uuid4()),
            "anonymousId": f"load-{visitor}",
            "timestamp": datetime.now(UTC).isoformat(),
            "properties": {"product_id": f"load-{(visitor + chance.randrange(12)) % 80}"},
        }

    async def _post(self, client: httpx.AsyncClient, calls: list[dict[str, Any]]) -> None:
        try:
            answer = await client.post("/v1/batch", json={"writeKey": self.product.write_key, "batch": calls})
        except httpx.TransportError:
            self.refused += len(calls)
            return
        if answer.status_code == 200:
            self.acknowledged += [call["messageId"] for call in calls]
        else:
            self.refused += len(calls)


@dataclass
class Singles:
    """Sends `rate` events/s, one a request. Each visitor has a connection and sends in order, as a browser does:

    what was not answered 200 is sent again, under its messageId, before what comes after it.
    """

    product: Product
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
        """Of its events, and of no other's."""

        self.began = time.monotonic()

    async def __aenter__(self) -> "Singles":
        self.stopping = asyncio.Event()
        self.tasks = [asyncio.create_task(self._visit(number)) for number in range(self.visitors)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stopping.set()
        await asyncio.gather(*self.tasks)

    @property
    def total(self) -> int:
        return sum(map(len, self.acknowledged.values()))

    def waited(self, share: float, since: float = 0) -> float:
        """The seconds within which this share of the answers came, of those asked so many seconds after the start."""
        took = sorted(seconds for seconds, asked in self.took if asked >= since)
        return took[min(len(took) - 1, int(len(took) * share))]

    async def _visit(self, number: int) -> None:
        period = self.visitors / self.rate
        at = time.monotonic() + period * number / self.visitors
        visitor = f"{self.name}-{number}"
        known = self.acknowledged[visitor] = []
        connection = Connection(self.product.shop)
        while not self.stopping.is_set():
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            at += period
            known.append(await self._send(connection, visitor))
        connection.close()

    async def _send(self, connection: Connection, visitor: str) -> str:
        message_id = str(uuid4())
        while (answer := await self.attempt(connection, visitor, message_id)) is None or answer.status != 200:
            if answer is not None:
                assert answer.status == 503, answer
                assert int(answer.headers["retry-after"]) > 0
            await asyncio.sleep(RETRY_SECONDS)
        return message_id

    async def attempt(self, connection: Connection, visitor: str, message_id: str) -> Answer | None:
        """What sending the event once was answered; None where the connection broke."""
        call = {
            "event": self.name,
            "messageId": message_id,
            "anonymousId": visitor,
            "context": {"locale": "en"},
        }
        key = base64.b64encode(f"{self.product.write_key}:".encode()).decode()
        began = time.monotonic()
        try:
            answer = await connection.request(
                "POST", "/v1/track", json.dumps(call).encode(), {"authorization": f"Basic {key}"}
            )
        except OSError:
            self.statuses[0] += 1
            return None
        self.statuses[answer.status] += 1
        self.took.append((time.monotonic() - began, began - self.began))
        return answer
