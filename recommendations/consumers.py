"""The socket of an open page: its visitor's list at once, then again after each product event and each batch."""

import asyncio
import contextlib
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer
from django.db import DatabaseError
from redis.exceptions import RedisError

from recommendations.selectors import MAX_SLOTS, List, list_for_visitor, version_of_list
from recommendations.session.figures import counting
from recommendations.session.outage import Outage
from recommendations.session.presence import REFRESH_SECONDS, group_of_visitor, say_open, say_opened
from tracking.events import format_timestamp

logger = logging.getLogger(__name__)

CHECK_SECONDS = REFRESH_SECONDS
"""How often a page says that it is open, and compares its version with Postgres, in case a notice was lost."""
RESUME_SECONDS = 1
"""A page that asks again within this time of an answer is passed over: what changes is sent to it anyway."""
NO_VISITOR = 4401
"""Close code for a connection without a valid visitor cookie."""
VISITOR_LEFT = 4409
"""Close code for the sockets of a visitor whose browser is somebody else's from now on; it may connect anew."""


read = partial(database_sync_to_async, thread_sensitive=False)
"""Sockets read in several threads: in one, a slow read would hold up every open page."""

unknown = Outage(
    "Valkey does not answer; open pages are not known to the push process and wait for Spark's batches"
)


def close_sockets(visitor_id: str) -> None:
    """Closes each open socket of a visitor, in every process; their pages connect anew, as who they are by then.

    Never raises for want of the channel layer: a log-out happens all the same.
    """
    try:
        async_to_sync(get_channel_layer().group_send)(group_of_visitor(visitor_id), {"type": "visitor.left"})
    except (OSError, RedisError) as error:
        logger.warning("A visitor's open sockets could not be told to close: %s", error)


class RecommendationConsumer(AsyncJsonWebsocketConsumer):
    """Only the visitor of the signed cookie is listened to; nobody can name another."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.visitor_id: str | None = None
        self.newest = (-1, False)
        """Version of the list that the page has, and whether Spark had folded all of it."""
        self.waiting: list[str] = []
        """Ids of the events in it that were not folded."""
        self.resumed_at = -math.inf
        self.lock = asyncio.Lock()
        self.checking: asyncio.Task[None] | None = None
        self.counted = False

    async def __call__(self, *asgi: Any) -> None:
        """Leaves nothing behind, also where a failure ends the socket: then nobody calls `disconnect`."""
        try:
            await super().__call__(*asgi)
        finally:
            await self._leave()

    async def connect(self) -> None:
        self.visitor_id = self.scope.get("visitor_id")
        await self.accept()
        if self.visitor_id is None:
            await self.close(NO_VISITOR, "The page must be loaded first: it sets the visitor cookie.")
            return
        self.counted = True
        counting.opened()
        # Listening begins before the first list is read: a change in between is sent, not lost.
        await self.channel_layer.group_add(group_of_visitor(self.visitor_id), self.channel_name)
        await self._say_open(say_open)
        self.checking = asyncio.create_task(self._check())
        await self.send_list()
        await self._say_open(say_opened)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any) -> None:
        """What is no JSON is passed over like any other message that the page should not have sent."""
        try:
            content = json.loads(text_data or "")
        except (ValueError, RecursionError):
            return
        await self.receive_json(content)

    async def receive_json(self, content: Any, **_: Any) -> None:
        """A page that was away says which version it has, and is sent the list where it missed something."""
        if not isinstance(content, dict) or content.get("type") != "resume":
            return
        version, now = content.get("version"), time.monotonic()
        if type(version) is not int or version == self.newest[0] or now < self.resumed_at + RESUME_SECONDS:
            return
        self.resumed_at = now
        await self.send_list()

    async def list_composed(self, message: dict[str, Any]) -> None:
        """The push process has composed the visitor's list; it does so again when another of their pages opens."""
        content, waiting = message["content"], message["waiting"]
        async with self.lock:
            if not waiting or (content["version"], waiting) != (self.newest[0], self.waiting):
                await self._send(content, waiting, message.get("receivedAt"))

    async def list_changed(self, message: dict[str, Any]) -> None:
        """The push process says that the stored list changed."""
        try:
            await self.send_list()
        except DatabaseError as error:
            logger.warning("A changed list could not be read; the next check will send it: %s", error)

    async def visitor_left(self, message: dict[str, Any]) -> None:
        """The visitor logged out or was erased: nothing more of theirs is shown here."""
        await self.close(VISITOR_LEFT, "The visitor left.")

    async def send_list(self) -> None:
        """Reads and sends the stored list."""
        assert self.visitor_id is not None
        async with self.lock:
            await self._send(await read(list_for_visitor)(self.visitor_id, MAX_SLOTS), [])

    async def _send(self, content: List, waiting: list[str], received_at: str | None = None) -> None:
        """Within the lock, and never one that is older than what the page has.

        `received_at` is of the newest event in it where that is why it is sent.
        """
        newest = (content["version"], not waiting)
        if newest < self.newest:
            return
        self.newest, self.waiting = newest, waiting
        pushed_at = format_timestamp(datetime.now(UTC))
        for item in content["items"]:
            if item["trace"]:
                item["trace"]["pushedAt"] = pushed_at
        await self.send_json(content)
        counting.has_sent(content["visitorId"], content["version"], received_at)

    async def _check(self) -> None:
        assert self.visitor_id is not None
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self._say_open(say_open)
            try:
                if (await read(version_of_list)(self.visitor_id), True) > self.newest:
                    await self.send_list()
            except DatabaseError as error:
                logger.warning("A list could not be checked; the next check will tell: %s", error)

    async def _say_open(self, say: Callable[[str], Awaitable[None]]) -> None:
        assert self.visitor_id is not None
        try:
            await say(self.visitor_id)
        except (RedisError, OSError) as error:
            unknown.began(error)
        else:
            unknown.ended()

    async def _leave(self) -> None:
        if self.counted:
            self.counted = False
            counting.closed()
        if self.checking is not None:
            self.checking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.checking
        if self.visitor_id is not None:
            await self.channel_layer.group_discard(group_of_visitor(self.visitor_id), self.channel_name)
