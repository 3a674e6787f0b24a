"""A visitor from outside: a browser's cookies, the collector, and the socket of an open page."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from tests.stack import Product

List = dict[str, Any]


class Visitor:
    """Loads a page to become a visitor; `look` sends what the page's tracker would."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.http = httpx.AsyncClient(base_url=product.shop, timeout=20)

    async def __aenter__(self) -> "Visitor":
        page = await self.http.get("/")
        page.raise_for_status()
        self.products = sorted(set(re.findall(r'data-product-id="([^"]+)"', page.text)))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def look(self, product_id: str, message_id: str | None = None) -> str:
        """Sends a product view; returns its messageId once the collector has answered 200."""
        message_id = message_id or str(uuid4())
        now = datetime.now(UTC).isoformat()
        call = {
            "type": "track",
            "event": "Product Viewed",
            "messageId": message_id,
            "timestamp": now,
            "properties": {"product_id": product_id},
        }
        body = {"writeKey": self.product.write_key, "sentAt": now, "batch": [call]}
        answer = await self.http.post("/v1/batch", json=body)
        answer.raise_for_status()
        assert answer.json()["results"][0]["status"] == "accepted"
        return message_id

    async def list(self) -> List:
        """The visitor's own list, over HTTP."""
        answer = await self.http.get("/api/recommendations/visitor/")
        answer.raise_for_status()
        content: List = answer.json()
        return content

    @property
    def cookie(self) -> str:
        """The signed cookie that the shop set."""
        return self.http.cookies["visitor"]

    def socket(self, origin: str | None = None, cookie: str | None = None) -> connect:
        """The socket of an open page, or of one at `origin`: an asynchronous context manager."""
        address = self.product.shop.replace("http", "ws", 1) + "ws/recommendations/"
        page = Origin(origin or self.product.shop.rstrip("/"))
        return connect(
            address, additional_headers={"Cookie": f"visitor={cookie or self.cookie}"}, origin=page
        )


async def next_list(socket: ClientConnection, wanted: Callable[[List], bool], seconds: float = 20) -> List:
    """The first list for which `wanted` holds; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while True:
        content: List = json.loads(await asyncio.wait_for(socket.recv(), deadline - time.monotonic()))
        if wanted(content):
            return content
