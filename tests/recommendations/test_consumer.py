"""The socket of an open page, on the real channel layer and the real lists."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import OperationalError

from recommendations import consumers, selectors
from recommendations.consumers import NO_VISITOR, RecommendationConsumer
from recommendations.selectors import list_for_visitor
from recommendations.session.presence import group_of_visitor
from tests.conftest import Connection
from tests.recommendations.folding import START, browse
from tests.recommendations.sockets import SECONDS, of_visitor, opened, wake
from tracking.visitors import cookie_of_visitor

pytestmark = pytest.mark.usefixtures("goods")


@pytest.fixture
def visitor(model: Connection) -> str:
    """A visitor of their own, since the channel layer is shared, with one product looked at."""
    visitor_id = f"v-{uuid4()}"
    browse(model, "w1: tea-1 mug-1", "w2: mug-1 cake-1", f"{visitor_id}: tea-1")
    return visitor_id


def version_at(offset: int) -> int:
    return int((START + timedelta(seconds=offset)).timestamp() * 1000)


def products(content: dict[str, Any]) -> list[str]:
    return [item["productId"] for item in content["items"]]


async def test_first_message_is_the_current_list(visitor: str) -> None:
    async with of_visitor(visitor) as socket:
        content = await socket.next_list()
        assert content["visitorId"] == visitor
        assert content["version"] == version_at(1004)
        assert products(content) == ["mug-1"]
        assert await socket.is_quiet()


async def test_list_is_that_of_the_selectors_with_the_time_of_pushing(visitor: str) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    async with of_visitor(visitor) as socket:
        content = await socket.next_list()
    (pushed_at,) = {item["trace"]["pushedAt"] for item in content["items"]}
    assert before <= datetime.fromisoformat(pushed_at) <= datetime.now(UTC)
    for item in content["items"]:
        item["trace"]["pushedAt"] = None
    assert content == await sync_to_async(list_for_visitor)(visitor, selectors.MAX_SLOTS)


async def test_changed_list_is_sent(model: Connection, visitor: str) -> None:
    async with of_visitor(visitor) as socket:
        await socket.next_list()
        browse(model, f"{visitor}: mug-1", batch=2)
        await wake(visitor)
        content = await socket.next_list()
        assert content["version"] == version_at(2000)
        assert products(content) == ["cake-1"]
        assert content["items"][0]["trace"]["pushedAt"]


async def test_lists_that_come_out_of_order_never_take_the_page_back(visitor: str) -> None:
    async def compose(version: int, *waiting: str) -> None:
        message = {
            "type": "list.composed",
            "content": content | {"version": version},
            "waiting": list(waiting),
        }
        await get_channel_layer().group_send(group_of_visitor(visitor), message)

    async with of_visitor(visitor) as socket:
        content = await socket.next_list()
        newest = content["version"] + 10
        for waiting in (["one"], ["one", "two"], ["two"], []):
            await compose(newest, *waiting)
            assert (await socket.next_list())["version"] == newest
        await compose(newest, "two")
        await compose(newest - 1)
        await compose(newest - 1, "one")
        await wake(visitor)
        assert await socket.is_quiet()
        await compose(newest + 1, "three")
        assert (await socket.next_list())["version"] == newest + 1
        await compose(newest + 1, "three")
        assert await socket.is_quiet(), "the page has it"


async def test_every_open_page_of_a_visitor_is_sent_it_and_no_other(model: Connection, visitor: str) -> None:
    async with of_visitor(visitor) as one, of_visitor(visitor) as two, of_visitor("w1") as other:
        for socket in (one, two, other):
            await socket.next_list()
        browse(model, f"{visitor}: mug-1", batch=2)
        await wake(visitor)
        assert [products(await socket.next_list()) for socket in (one, two)] == [["cake-1"], ["cake-1"]]
        assert await other.is_quiet()


async def test_page_that_missed_something_is_sent_the_list(visitor: str) -> None:
    async with of_visitor(visitor) as socket:
        current = await socket.next_list()
        await socket.send({"type": "resume", "version": current["version"] - 1})
        assert (await socket.next_list())["version"] == current["version"]
        await socket.send({"type": "resume", "version": current["version"]})
        assert await socket.is_quiet()


async def test_page_that_asks_again_and_again_is_answered_once_in_a_while(
    visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counted(visitor_id: str, limit: int) -> dict[str, Any]:
        read.append(visitor_id)
        return list_for_visitor(visitor_id, limit)

    monkeypatch.setattr(consumers, "list_for_visitor", counted)
    monkeypatch.setattr(consumers, "RESUME_SECONDS", 60)
    async with of_visitor(visitor) as socket:
        await socket.next_list()
        for version in range(50):
            await socket.send({"type": "resume", "version": version})
        await socket.next_list()
        assert await socket.is_quiet()
        assert len(read) == 2

        monkeypatch.setattr(consumers, "RESUME_SECONDS", 0)
        await socket.send({"type": "resume", "version": 0})
        await socket.next_list()


@pytest.mark.parametrize(
    "cookie", [None, "", "forged", cookie_of_visitor("somebody else").replace("somebody else", "v")]
)
async def test_without_a_valid_cookie_the_socket_is_closed(model: Connection, cookie: str | None) -> None:
    async with opened(cookie) as socket:
        closing = await socket.next_message()
        assert (closing["type"], closing["code"]) == ("websocket.close", NO_VISITOR)
        assert "visitor cookie" in closing["reason"]


@pytest.mark.parametrize(
    "garbage",
    [
        {"text": "not json"},
        {"text": ""},
        {"text": "[" * 100_000},
        {"text": "[1]"},
        {"text": "7"},
        {"text": '{"type": "list.changed"}'},
        {"text": '{"version": -1}'},
        {"text": '{"type": "resume"}'},
        {"text": '{"type": "resume", "version": true}'},
        {"text": '{"type": "resume", "version": "0"}'},
        {"text": '{"type": "resume", "version": 0.5}'},
        {"text": '{"type": "resume", "version": [0]}'},
        {"bytes": b"\x00\xff"},
    ],
    ids=lambda garbage: str(garbage)[:40],
)
async def test_garbage_is_passed_over(visitor: str, garbage: dict[str, str | bytes]) -> None:
    async with of_visitor(visitor) as socket:
        await socket.next_list()
        await socket.send_frame(**garbage)
        assert await socket.is_quiet()
        await socket.send({"type": "resume", "version": 0})
        await socket.next_list()


async def test_change_while_the_first_list_is_read_is_not_lost(
    model: Connection, visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: list[int] = []

    def read_then_changed(visitor_id: str, limit: int) -> dict[str, Any]:
        content = list_for_visitor(visitor_id, limit)
        if not changed:
            changed.append(1)
            browse(model, f"{visitor}: mug-1", batch=2)
        return content

    async def woken_while_reading(consumer: RecommendationConsumer) -> None:
        await send_list(consumer)
        if len(changed) == 1:
            changed.append(2)
            await wake(visitor)

    send_list = RecommendationConsumer.send_list
    monkeypatch.setattr(consumers, "list_for_visitor", read_then_changed)
    monkeypatch.setattr(RecommendationConsumer, "send_list", woken_while_reading)
    async with of_visitor(visitor) as socket:
        assert (await socket.next_list())["version"] == version_at(1004)
        assert (await socket.next_list())["version"] == version_at(2000)


async def test_lost_notice_is_made_up_for(
    model: Connection, visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.1)
    async with of_visitor(visitor) as socket:
        await socket.next_list()
        assert await socket.is_quiet()
        browse(model, f"{visitor}: mug-1", batch=2)
        assert (await socket.next_list())["version"] == version_at(2000)


async def test_check_outlives_a_postgres_that_does_not_answer(
    model: Connection, visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def version_of_list(visitor_id: str) -> int:
        asked.append(visitor_id)
        if len(asked) == 1:
            raise OperationalError("the server closed the connection unexpectedly")
        return version_at(2000)

    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(consumers, "version_of_list", version_of_list)
    async with of_visitor(visitor) as socket:
        await socket.next_list()
        browse(model, f"{visitor}: mug-1", batch=2)
        assert (await socket.next_list())["version"] == version_at(2000)
    assert set(asked) == {visitor}


async def subscribers(visitor_id: str) -> int:
    """How many connections of this process's channel layer listen to the visitor."""
    layer = get_channel_layer()._get_layer()
    return len(layer.groups.get(layer._get_group_channel_name(group_of_visitor(visitor_id)), ()))


async def checks() -> list[asyncio.Task[Any]]:
    running = asyncio.all_tasks()
    return [task for task in running if "RecommendationConsumer._check" in repr(task.get_coro())]


async def test_socket_that_closes_leaves_nothing_behind(visitor: str) -> None:
    async with of_visitor(visitor) as socket:
        await socket.next_list()
        assert await subscribers(visitor) == 1
        assert len(await checks()) == 1
    assert await subscribers(visitor) == 0
    assert await checks() == []


async def test_socket_that_fails_leaves_nothing_behind(visitor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    async with of_visitor(visitor) as socket:
        await socket.next_list()
        monkeypatch.setattr(consumers, "list_for_visitor", fail)
        await wake(visitor)
        with pytest.raises(RuntimeError):
            await socket.application.wait(SECONDS)
    assert await subscribers(visitor) == 0
    assert await checks() == []


async def test_socket_outlives_a_postgres_that_did_not_answer_a_notice(
    visitor: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    async with of_visitor(visitor) as socket:
        before = await socket.next_list()
        with monkeypatch.context() as away:
            away.setattr(consumers, "list_for_visitor", fail)
            await wake(visitor)
            async with asyncio.timeout(SECONDS):
                while "could not be read" not in caplog.text:
                    await asyncio.sleep(0.02)
        await wake(visitor)
        assert (await socket.next_list())["visitorId"] == before["visitorId"]
