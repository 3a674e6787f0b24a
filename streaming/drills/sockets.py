"""Open pages: each a visitor's websocket that is opened again when it closes, and a look at a product each second."""

import asyncio
import contextlib
import json
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin

LOOK_SECONDS = 1.0
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 0.5, 4.0
"""As the page's own script does it (recommendations/connection.js)."""
PATIENCE_SECONDS = 10.0


@dataclass
class OpenPage:
    """Listens, and looks at products; `lists` has the moment of each list that was newer than the one before."""

    shop: str
    write_key: str
    products: tuple[str, ...]
    lists: list[float] = field(default_factory=list)
    closed: int = 0
    refused: int = 0
    """Looks that the collector did not answer 200."""

    async def live(self) -> None:
        """Until it is cancelled."""
        async with httpx.AsyncClient(base_url=self.shop, timeout=PATIENCE_SECONDS) as client:
            await self._load(client)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._listen(client.cookies["visitor"]))
                both.create_task(self._look(client))

    async def _load(self, client: httpx.AsyncClient) -> None:
        while "visitor" not in client.cookies:
            with contextlib.suppress(httpx.TransportError):
                await client.get("/")
            if "visitor" not in client.cookies:
                await asyncio.sleep(FIRST_RETRY_SECONDS)

    async def _listen(self, cookie: str) -> None:
        address = self.shop.replace("http", "ws", 1) + "ws/recommendations/"
        failures, newest = 0, -1
        while True:
            try:
                async with connect(
                    address,
                    additional_headers={"Cookie": f"visitor={cookie}"},
                    origin=Origin(self.shop.rstrip("/")),
                    open_timeout=PATIENCE_SECONDS,
                    close_timeout=0.1,
                ) as socket:
                    async for message in socket:
                        failures = 0
                        version = json.loads(message)["version"]
                        if version > newest:
                            newest = version
                            self.lists.append(time.monotonic())
            except (OSError, WebSocketException, TimeoutError):
                failures += 1
            else:
                failures = 1
            self.closed += 1
            longest = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2**failures)
            await asyncio.sleep(random.uniform(FIRST_RETRY_SECONDS, longest))  # noqa: S311

    async def _look(self, client: httpx.AsyncClient) -> None:
        for number in count():
            await asyncio.sleep(LOOK_SECONDS)
            now = datetime.now(UTC).isoformat()
            call = {
                "type": "track",
                "event": "Product Viewed",
                "messageId": str(uuid4()),
                "timestamp": now,
                "properties": {"product_id": self.products[number % len(self.products)]},
            }
            body = {"writeKey": self.write_key, "sentAt": now, "batch": [call]}
            try:
                answer = await client.post("/v1/batch", json=body)
            except httpx.TransportError:
                self.refused += 1
            else:
                self.refused += not answer.is_success


class OpenPages:
    """Some open pages, for as long as the drill lasts."""

    def __init__(self, shop: str, write_key: str, products: tuple[str, ...], pages: int = 3) -> None:
        self.pages = [OpenPage(shop, write_key, products) for _ in range(pages)]

    async def __aenter__(self) -> "OpenPages":
        self.tasks = [asyncio.create_task(page.live()) for page in self.pages]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        for task in self.tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @property
    def lists(self) -> int:
        return sum(len(page.lists) for page in self.pages)

    def all_live(self) -> bool:
        return all(page.lists for page in self.pages)

    def recovered_after(self, moment: float) -> float | None:
        """Seconds from a moment until each page had been sent a newer list; None while one waits still."""
        first = [min((at for at in page.lists if at >= moment), default=None) for page in self.pages]
        waited = [at - moment for at in first if at is not None]
        return max(waited) if len(waited) == len(self.pages) else None
