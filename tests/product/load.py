"""Load on the collector at a steady rate, with a note of every event that it acknowledged."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from streaming.drills.connection import Answer, Connection
from streaming.drills.load import SteadyLoad
from tests.stack import Product

BATCH = 10


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


class Singles(SteadyLoad):
    """One event a request at the product under test: whatever is not answered 200 is a 503 that says when to return."""

    def __init__(self, product: Product, rate: int) -> None:
        super().__init__(product.shop, product.write_key, rate)

    async def attempt(
        self, connection: Connection, visitor: str, message_id: str, number: int = 0
    ) -> Answer | None:
        answer = await super().attempt(connection, visitor, message_id, number)
        if answer is not None and answer.status != 200:
            assert answer.status == 503, answer
            assert int(answer.headers["retry-after"]) > 0
        return answer
