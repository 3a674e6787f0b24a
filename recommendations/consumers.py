"""The socket of an open page: its visitor's list at once, then again whenever it changes."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from recommendations.selectors import list_for_visitor, version_of_list
from tracking.events import format_timestamp

CHECK_SECONDS = 20
"""How often a page's version is compared with Postgres, in case a notice was lost with the channel layer."""
LIMIT = 24
NO_VISITOR = 4401
"""Close code for a connection without a valid visitor cookie."""


def group_of_visitor(visitor_id: str) -> str:
    """The channel-layer group of a visitor: hashed, since ids may hold what group names may not."""
    return "visitor." + sha256(visitor_id.encode()).hexdigest()[:40]


class RecommendationConsumer(AsyncJsonWebsocketConsumer):
    """Only the visitor of the signed cookie is listened to; nobody can name another."""

    async def connect(self) -> None:
        self.visitor_id: str | None = self.scope.get("visitor_id")
        await self.accept()
        if self.visitor_id is None:
            await self.close(NO_VISITOR, "The page must be loaded first: it sets the visitor cookie.")
            return
        # Listening begins before the first list is read: a change in between is sent, not lost.
        self.version = -1
        self.lock = asyncio.Lock()
        await self.channel_layer.group_add(group_of_visitor(self.visitor_id), self.channel_name)
        await self.send_list()
        self.checking = asyncio.create_task(self._check())

    async def disconnect(self, code: int) -> None:
        if self.visitor_id is None:
            return
        if checking := getattr(self, "checking", None):
            checking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await checking
        await self.channel_layer.group_discard(group_of_visitor(self.visitor_id), self.channel_name)

    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        """What is no JSON is passed over like any other message that the page should not have sent."""
        try:
            return json.loads(text_data)
        except ValueError:
            return None

    async def receive_json(self, content: Any, **_: Any) -> None:
        """A page that was away says which version it has, and is sent the list where it missed something."""
        if not isinstance(content, dict) or content.get("type") != "resume":
            return
        if content.get("version") != self.version:
            await self.send_list()

    async def list_changed(self, message: dict[str, Any]) -> None:
        """The push process says that the visitor's list changed."""
        await self.send_list()

    async def send_list(self) -> None:
        """Reads and sends the list. One at a time, so that an older one never follows a newer."""
        assert self.visitor_id is not None
        async with self.lock:
            content = await database_sync_to_async(list_for_visitor)(self.visitor_id, LIMIT)
            pushed_at = format_timestamp(datetime.now(UTC))
            for item in content["items"]:
                if item["trace"]:
                    item["trace"]["pushedAt"] = pushed_at
            self.version = content["version"]
            await self.send_json(content)

    async def _check(self) -> None:
        assert self.visitor_id is not None
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            if await database_sync_to_async(version_of_list)(self.visitor_id) > self.version:
                await self.send_list()
