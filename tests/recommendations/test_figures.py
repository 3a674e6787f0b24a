"""What a process sends to its open pages, as it tells it in Valkey."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from channels.layers import get_channel_layer
from django.conf import settings
from redis.asyncio import Redis

from recommendations.session.figures import HASH, STALE_SECONDS, Counting, Figures, counting, decode
from recommendations.session.presence import group_of_visitor
from streaming.metrics.sockets import slowest_hundredth
from tests.conftest import Connection
from tests.recommendations.sockets import of_visitor
from tracking.events import format_timestamp


@pytest.fixture
async def valkey() -> AsyncIterator[Any]:
    client: Any = Redis.from_url(settings.VALKEY_URL)
    await client.delete(HASH)
    yield client
    await client.delete(HASH)
    await client.aclose()


def received(ago: float) -> str:
    return format_timestamp(datetime.now(UTC) - timedelta(seconds=ago))


async def test_open_pages_and_what_they_are_sent_are_told(model: Connection, valkey: Any) -> None:
    before = counting.figures()
    visitor = f"figures-{time.monotonic_ns()}"
    async with of_visitor(visitor) as socket:
        content = await socket.next_list()
        message = {"type": "list.composed", "content": content | {"version": 7}, "waiting": ["e"]}
        message["receivedAt"] = received(0.5)
        await get_channel_layer().group_send(group_of_visitor(visitor), message)
        await socket.next_list()
        now = counting.figures()
        (told,), ended = decode(await _told(valkey))
    assert (now.sockets - before.sockets, now.pages - before.pages) == (1, 2)
    (took,) = now.seconds[len(before.seconds) :]
    assert took >= 0.5
    assert (told.sockets, ended) == (before.sockets + 1, [])
    assert counting.figures().sockets == before.sockets


async def _told(valkey: Any) -> dict[bytes, bytes]:
    async with asyncio.timeout(10):
        while not (told := await valkey.hgetall(HASH)):
            await asyncio.sleep(0.05)
    found: dict[bytes, bytes] = told
    return found


def test_fan_out_counts_each_list_once() -> None:
    mine = Counting()
    for visitor, version in (("a", 1), ("a", 1), ("a", 1), ("a", 2), ("b", 1)):
        mine.has_sent(visitor, version, None)
    figures = mine.figures()
    assert (figures.pages, figures.lists, figures.seconds) == (5, 3, [])


def test_a_process_that_ended_counts_no_more() -> None:
    figures = Figures(at=time.time(), sockets=3, sent=1, pages=1, lists=1, seconds=[0.25])
    gone = msgspec.structs.replace(figures, at=time.time() - STALE_SECONDS - 1)
    living, ended = decode({b"here.1": msgspec.json.encode(figures), b"here.2": msgspec.json.encode(gone)})
    assert (living, ended) == ([figures], [b"here.2"])


def test_the_slowest_hundredth_is_that_of_postgres() -> None:
    # SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY x) FROM generate_series(1, 11) x
    assert slowest_hundredth([float(x) for x in range(1, 12)]) == pytest.approx(10.9)
    assert slowest_hundredth([2.0]) == 2.0
