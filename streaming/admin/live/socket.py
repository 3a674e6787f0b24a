"""The socket of the live view: for staff who may see the queries, for as long as they may."""

import asyncio
import contextlib
import json
import logging
import time
from functools import partial
from importlib import import_module
from typing import Any, Final

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.db import DatabaseError
from django.http import HttpRequest

from streaming.admin.live.reader import reader
from streaming.admin.live.watching import Watcher, filter_of

logger = logging.getLogger(__name__)

PERMISSION: Final = "streaming.view_query"
INTERVAL: Final = 0.1
"""Seconds between two messages with events."""
CHECK_SECONDS: Final = 30.0
"""How often it is asked whether the watcher is still logged in and still may watch."""
NOT_ALLOWED: Final = 4403
"""Close code for anybody else: the page asks its user to log in."""

read = partial(database_sync_to_async, thread_sensitive=False)


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """Sends at most ten messages a second, of at most 50 events, and says what it left out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.watcher = Watcher()
        self.sending: asyncio.Task[None] | None = None

    async def __call__(self, *asgi: Any) -> None:
        """Leaves nothing behind, also where a failure ends the socket: then nobody calls `disconnect`."""
        try:
            await super().__call__(*asgi)
        finally:
            reader.leave(self.watcher)
            if self.sending is not None:
                self.sending.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self.sending

    async def connect(self) -> None:
        await self.accept()
        if not await self._may_watch():
            await self._refuse()
            return
        reader.join(self.watcher)
        self.sending = asyncio.create_task(self._send())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any) -> None:
        """What is no JSON is passed over like any other message that the page should not have sent."""
        with contextlib.suppress(ValueError, RecursionError):
            await self.receive_json(json.loads(text_data or ""))

    async def receive_json(self, content: Any, **_: Any) -> None:
        asked = content.get("type") if isinstance(content, dict) and self.sending else None
        if asked == "watch":
            self.watcher.watch(filter_of(content.get("filter")))
            reader.join(self.watcher)
        elif asked == "pause":
            reader.leave(self.watcher)
            self.watcher.tell("paused")

    async def _send(self) -> None:
        checked = time.monotonic()
        while True:
            await asyncio.sleep(INTERVAL)
            for message in self.watcher.take():
                await self.send_json(message)
            if time.monotonic() > checked + CHECK_SECONDS:
                checked = time.monotonic()
                if not await self._may_watch():
                    reader.leave(self.watcher)
                    await self._refuse()
                    return

    async def _may_watch(self) -> bool:
        try:
            return bool(await read(may_watch)(self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)))
        except DatabaseError as error:
            logger.warning("Whether somebody may watch could not be read; they are taken not to: %s", error)
            return False

    async def _refuse(self) -> None:
        await self.close(NOT_ALLOWED, "Log in to the admin with an account that may see Spark's queries.")


def may_watch(session_key: str | None) -> bool:
    """Whether the session is of a member of staff with the permission, as the database has it now."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    return bool(user.is_active and getattr(user, "is_staff", False) and user.has_perm(PERMISSION))
