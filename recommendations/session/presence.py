"""Which visitors have a page open: the sockets say it in Valkey, the push process asks for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from hashlib import sha256
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from django.conf import settings
from redis.asyncio import Redis

REFRESH_SECONDS: Final = 20
"""How often an open page says that it is."""
KEPT_SECONDS: Final = 60
PREFIX: Final = "tributary.page."
OPENED: Final = "tributary.pages.opened"
"""The channel on which each page that opens is named."""
SINCE: Final = "tributary.pages.since"
"""Since when the pages have been saying it; it is lost together with what they said."""

LISTEN_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 5.0

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Redis] = WeakKeyDictionary()


class Presence(NamedTuple):
    visitors: set[str]
    """Of those asked for, the ones known to have a page open."""
    complete: bool
    """Whether each open page has had the time to say so since Valkey lost its memory."""


def group_of_visitor(visitor_id: str) -> str:
    """The channel-layer group of a visitor: hashed, since ids may hold what group names may not."""
    return "visitor." + sha256(visitor_id.encode()).hexdigest()[:40]


async def say_open(visitor_id: str) -> None:
    """An open page is to call this every REFRESH_SECONDS. Raises RedisError."""
    await _client().set(_key(visitor_id), 1, ex=KEPT_SECONDS)


async def say_opened(visitor_id: str) -> None:
    """Asks the push processes for what they hold of the visitor. Raises RedisError."""
    await _client().publish(OPENED, visitor_id)


async def opened() -> AsyncIterator[str]:
    """The visitors of the pages that open from now on, without end. Raises RedisError."""
    async with _client().pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe(OPENED)
        while True:
            if message := await channel.get_message(timeout=LISTEN_SECONDS):
                yield message["data"].decode()


async def present(visitor_ids: Collection[str]) -> Presence:
    """Asks for all of them in one round trip. Raises RedisError."""
    keys = [_key(visitor_id) for visitor_id in visitor_ids]
    since, *found = await _client().mget(SINCE, *keys)
    if since is None:
        await _client().set(SINCE, time.time(), nx=True)
    complete = since is not None and time.time() > float(since) + REFRESH_SECONDS + 1
    return Presence({v for v, is_open in zip(visitor_ids, found, strict=True) if is_open}, complete)


def _key(visitor_id: str) -> str:
    return PREFIX + sha256(visitor_id.encode()).hexdigest()[:40]


def _client() -> Any:
    """One for each event loop: a connection belongs to the loop that opened it."""
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        _clients[loop] = Redis.from_url(
            settings.VALKEY_URL,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            health_check_interval=10,
        )
    return _clients[loop]
