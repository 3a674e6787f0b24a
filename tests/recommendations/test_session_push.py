"""A visitor's own event reaches their open page before anything is folded, and the fold's list follows it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from recommendations.notices import Notice
from recommendations.session.activity import MOST_BEHIND
from tests.conftest import Connection
from tests.recommendations.acting import Log, event, version_of
from tests.recommendations.folding import browse, fold, known
from tests.recommendations.processes import Process
from tests.recommendations.reference import Done
from tests.recommendations.sockets import of_visitor
from tests.recommendations.telling import tell

pytestmark = pytest.mark.usefixtures("goods")

TOGETHER = ("w1: tea-1 mug-1", "w2: tea-1 mug-1", "w3: tea-1 cake-1", "w4: mug-2 tea-2")


@pytest.fixture
def visitor() -> str:
    """Somebody new, since the channel layer is shared."""
    return f"v-{uuid4()}"


@pytest.fixture
def other() -> str:
    """Somebody else with a page, to whom what comes after is shown: by then what came before has been read."""
    return f"other-{uuid4()}"


@pytest.fixture
def push(environment: dict[str, str], tmp_path: Path) -> Iterator[Process]:
    with Process("push", environment, tmp_path) as process:
        yield process


@pytest.fixture
def log(topics: str) -> Log:
    return Log()


def products(content: dict[str, Any]) -> list[str]:
    return [item["productId"] for item in content["items"]]


def without_batch(content: dict[str, Any]) -> dict[str, Any]:
    """The list without what differs when its events are folded."""
    later = {"batchId": None, "computedAt": None, "pushedAt": None}
    items = [item | {"trace": item["trace"] and item["trace"] | later} for item in content["items"]]
    return content | {"items": items, "asOf": None}


def land(model: Connection, events: list[Done], batch: int = 7) -> None:
    """Folds the events, and tells whose list changed, as Spark and the relay do."""
    fold(model, events, batch)
    changed = model.execute(
        "DELETE FROM recommendations_changedvisitor RETURNING visitor_id, version"
    ).fetchall()
    tell(*(Notice(visitor, version) for visitor, version in changed))


async def test_click_reaches_the_open_page_before_any_fold(
    push: Process, model: Connection, log: Log, visitor: str
) -> None:
    browse(model, *TOGETHER)
    async with of_visitor(visitor) as socket:
        assert (await socket.next_list())["version"] == 0
        clicked = event(visitor, "tea-1")
        done = log.act(clicked)
        content = await socket.next_list()

    assert (content["visitorId"], content["version"]) == (visitor, version_of(done))
    assert products(content) == ["mug-1", "cake-1"]
    trace = content["items"][0]["trace"]
    assert trace.pop("pushedAt") >= clicked.received_at
    assert trace == {
        "eventId": clicked.event_id,
        "topic": f"{push.environment['KAFKA_TOPIC_PREFIX']}activity",
        "partition": 0,
        "offset": done[0].offset,
        "batchId": None,
        "occurredAt": clicked.occurred_at,
        "receivedAt": clicked.received_at,
        "computedAt": None,
    }
    assert content["items"][0]["reason"]["kind"] == "viewed"


@pytest.mark.parametrize("person", [None, "anna"])
async def test_list_stays_the_same_when_the_batch_lands(
    push: Process, model: Connection, log: Log, visitor: str, person: str | None
) -> None:
    browse(model, *TOGETHER, "desk: tea-2")
    if person:
        fold(model, [known("desk", person, 1500), known(visitor, person, 1501)])
    async with of_visitor(visitor) as socket:
        await socket.next_list()
        clicked = event(visitor, "tea-1")
        done = log.act(clicked, clicked)
        composed = await socket.next_list()
        assert products(composed)[:2] == ["mug-1", "cake-1"]
        assert ("mug-2" in products(composed)) == (person is not None)

        land(model, [replace(e, event_id=clicked.event_id) for e in done])
        landed = await socket.next_list()

        assert landed["items"][0]["trace"]["batchId"] == 7
        assert landed["items"][0]["trace"]["computedAt"]
        assert without_batch(landed)["version"] == without_batch(composed)["version"]
        assert products(landed) == products(composed)
        assert await socket.is_quiet()


async def test_list_comes_after_each_event_also_when_its_items_stay_the_same(
    push: Process, model: Connection, log: Log, visitor: str
) -> None:
    browse(model, *TOGETHER)
    async with of_visitor(visitor) as socket:
        await socket.next_list()
        versions = []
        for name in ("Product Viewed", "Product Clicked", "Product Added", "Product Removed"):
            done = log.act(event(visitor, "tea-1", name=name))
            content = await socket.next_list()
            assert content["version"] == version_of(done)
            assert products(content) == ["mug-1", "cake-1"]
            versions.append(content["version"])
        assert versions == sorted(versions)


async def test_what_a_list_does_not_count_and_what_came_before_sends_nothing(
    push: Process, model: Connection, log: Log, visitor: str, other: str
) -> None:
    async with of_visitor(visitor) as socket, of_visitor(other) as beside:
        await socket.next_list()
        await beside.next_list()
        looked = event(visitor, "tea-1")
        log.act(looked)
        await socket.next_list()
        log.act(
            looked,
            event(visitor, "tea-1", left_out=True),
            event(visitor, "tea-1", name="Product List Viewed"),
            event(visitor),
        )
        log.append((visitor, b"no event"), (visitor, b'{"visitorId": "%s"}' % visitor.encode()))
        log.act(event(other, "tea-1"))
        await beside.next_list()
        assert await socket.is_quiet()


async def test_page_that_opens_after_its_event_is_sent_it(
    push: Process, model: Connection, log: Log, visitor: str, other: str
) -> None:
    browse(model, *TOGETHER)
    async with of_visitor(other) as beside:
        await beside.next_list()
        done = log.act(event(visitor, "tea-1"))
        log.act(event(other, "tea-1"))
        await beside.next_list()
    async with of_visitor(visitor) as socket:
        assert (await socket.next_list())["version"] == 0
        content = await socket.next_list()
        assert (content["version"], products(content)) == (version_of(done), ["mug-1", "cake-1"])


async def test_batch_that_holds_only_some_of_the_events_takes_none_back(
    push: Process, model: Connection, log: Log, visitor: str
) -> None:
    browse(model, *TOGETHER)
    async with of_visitor(visitor) as socket:
        await socket.next_list()
        first = log.act(event(visitor, "tea-2"))
        await socket.next_list()
        second = log.act(event(visitor, "tea-1"))
        before = await socket.next_list()
        assert [item["trace"]["batchId"] for item in before["items"]] == [None] * 3

        land(model, first)
        between = await socket.next_list()
        assert between["version"] == before["version"] == version_of(second)
        assert products(between) == products(before) == ["mug-1", "cake-1", "mug-2"]
        assert [item["trace"]["batchId"] for item in between["items"]] == [None, None, 7]

        land(model, second, batch=8)
        after = await socket.next_list()
        assert after["version"] == before["version"]
        assert [item["trace"]["batchId"] for item in after["items"]] == [8, 8, 7]


async def test_erased_visitor_is_sparks_alone_until_it_has_folded_that(
    push: Process, model: Connection, log: Log, visitor: str, other: str
) -> None:
    browse(model, *TOGETHER)
    async with of_visitor(visitor) as socket, of_visitor(other) as beside:
        await socket.next_list()
        await beside.next_list()
        done = log.act(event(visitor, "tea-2"))
        await socket.next_list()
        (tombstone,) = log.append((visitor, None))
        done += log.act(event(visitor, "tea-1"))
        log.act(event(other, "tea-1"))
        await beside.next_list()
        assert await socket.is_quiet(), "the stored history may still hold what was erased"

        at = replace(done[0], at=done[1].at, offset=tombstone.offset() or 0, erases=True)
        land(model, [done[0], at, done[1]])
        assert products(await socket.next_list()) == ["mug-1", "cake-1"]
        log.act(event(visitor, "mug-2"))
        assert products(await socket.next_list())[0] == "tea-2"


async def test_long_past_is_left_to_spark(
    environment: dict[str, str], model: Connection, log: Log, visitor: str, tmp_path: Path
) -> None:
    browse(model, *TOGETHER)
    async with of_visitor(visitor) as socket:
        await socket.next_list()
        with Process("push", environment, tmp_path) as push:
            log.act(event(visitor, "mug-2"))
            assert products(await socket.next_list()) == ["tea-2"]
            assert push.terminate() == 0
        log.act(event(visitor, "tea-1"))
        with Process("push", environment, tmp_path) as push:
            assert products(await socket.next_list()) == ["mug-1", "cake-1"], "what came a moment ago is read"
            assert push.terminate() == 0
        log.act(event(visitor, "tea-2"))
        log.append(*[(visitor, b"old")] * (MOST_BEHIND + 1))
        with Process("push", environment, tmp_path):
            log.act(event(visitor, "mug-1"))
            content = await socket.next_list()
            while products(content) == ["mug-1", "cake-1"]:  # one that was sent at the end is sent again
                content = await socket.next_list()
            assert products(content) == ["tea-1"], "neither the tea of before, nor what was pending, is known"
