import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import md5
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from confluent_kafka import Message, Producer
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django.fixtures import Settings

from recommendations.models import SeenEvent, VisitorList
from streaming.admin.live import socket as live_socket
from streaming.admin.live.arrivals import arrival_of
from streaming.admin.live.reader import reader
from streaming.admin.live.watching import MAX_EVENTS, Filter, Watcher, filter_of
from streaming.routing import websocket_urlpatterns
from streaming.topics import topic_name
from tests.conftest import wait_for
from tests.streaming.rows import add_event, add_query, apply_batch
from tracking import events
from tracking.events import ACTIVITY, Event, EventType
from tracking.identities import keys_of
from tracking.models import VisitorKey
from tracking.sealing import seal

NOW = "2026-01-01T00:00:00.000Z"
SECONDS = 15


def event_of(event_id: str, **fields: Any) -> Event:
    given = {
        "type": EventType.TRACK,
        "event": "Product Viewed",
        "visitor_id": "v-1",
        "source": "shop",
    } | fields
    return Event(event_id=event_id, occurred_at=NOW, received_at=NOW, **given)


Append = Callable[..., int]


@pytest.fixture
def append(topics: str, settings: Settings) -> Append:
    """`append(event, partition=1)`: its offset in `activity`; an event of None is the mark of an erasure."""
    producer = Producer(settings.KAFKA_CLIENT | {"acks": "all"})

    def append(event: Event | bytes | None, *, key: str = "v-1", partition: int = 1) -> int:
        places: list[int] = []

        def delivered(error: object, message: Message) -> None:
            assert error is None
            places.append(message.offset() or 0)

        value = events.encode(event) if isinstance(event, Event) else event
        producer.produce(topic_name(ACTIVITY), value, key=key, partition=partition, on_delivery=delivered)
        assert producer.flush(10) == 0
        return places[0]

    return append


class Page:
    """What the live view's page sees of its socket."""

    def __init__(self, session: str) -> None:
        scope = {
            "type": "websocket",
            "path": "/ws/admin/activity/",
            "headers": [(b"cookie", f"sessionid={session}".encode())],
        }
        self.application: Any = ApplicationCommunicator(URLRouter(websocket_urlpatterns), scope)  # type: ignore[no-untyped-call]

    async def next(self) -> dict[str, Any]:
        message: dict[str, Any] = await self.application.receive_output(SECONDS)
        return message

    async def next_content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((await self.next())["text"])
        return content

    async def until_state(self, state: str) -> None:
        while (await self.next_content()).get("state") != state:
            pass

    async def send(self, content: Any) -> None:
        await self.application.send_input({"type": "websocket.receive", "text": json.dumps(content)})

    async def is_quiet(self) -> bool:
        return bool(await self.application.receive_nothing(0.5))


@asynccontextmanager
async def watching(client: Client) -> AsyncIterator[Page]:
    cookie = client.cookies.get("sessionid")
    page = Page(cookie.value if cookie else "nobody")
    await page.application.send_input({"type": "websocket.connect"})
    assert (await page.next())["type"] == "websocket.accept"
    try:
        yield page
    finally:
        if not page.application.future.done():
            await page.application.send_input({"type": "websocket.disconnect", "code": 1001})
            await page.application.wait(SECONDS)
        await sync_to_async(wait_for)(lambda: not reader.is_reading, what="the reader to end")


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("watcher", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db(transaction=True)
async def test_events_come_as_they_are_appended_and_nothing_older(append: Append) -> None:
    await sync_to_async(append)(event_of("old"))
    async with watching(await sync_to_async(staff)("view_query")) as page:
        await page.until_state("watching")
        offset = await sync_to_async(append)(event_of("new", product_id="mug-1"))
        (event,) = (await page.next_content())["events"]
        assert (event["offset"], event["visitorId"], event["products"]) == (offset, "v-1", ["mug-1"])
        await page.send({"type": "watch", "filter": {"event": "order", "source": "shop"}})
        await page.until_state("watching")
        for name in ("Product Viewed", "Order Completed"):
            await sync_to_async(append)(event_of(name, event=name))
        assert [each["event"] for each in (await page.next_content())["events"]] == ["Order Completed"]
        await page.send({"type": "pause"})
        await page.until_state("paused")
        await sync_to_async(append)(event_of("paused", event="Order Completed"))
        assert await page.is_quiet()


@pytest.mark.django_db(transaction=True)
async def test_only_staff_with_the_permission_may_watch() -> None:
    for client in (Client(), await sync_to_async(staff)()):
        async with watching(client) as page:
            closed = await page.next()
            assert (closed["type"], closed["code"]) == ("websocket.close", live_socket.NOT_ALLOWED)


@pytest.mark.django_db(transaction=True)
async def test_who_loses_the_permission_is_shut_out(topics: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_socket, "CHECK_SECONDS", 0.2)
    async with watching(await sync_to_async(staff)("view_query")) as page:
        await page.until_state("watching")
        await User.objects.aupdate(is_active=False)
        assert (await page.next())["code"] == live_socket.NOT_ALLOWED


@pytest.mark.django_db(transaction=True)
async def test_without_kafka_it_says_so(away: str) -> None:
    async with watching(await sync_to_async(staff)("view_query")) as page:
        await page.until_state("away")


def arrival(offset: int = 0, **fields: Any) -> Any:
    class Record:
        topic, partition, offset = (lambda _: "activity"), (lambda _: 0), (lambda _: 0)
        timestamp, key = (lambda _: (1, 0)), (lambda _: b"v-1")

        def value(self) -> bytes:
            return events.encode(event_of("e", **fields))

    return arrival_of(Record())  # type: ignore[arg-type]


def test_what_comes_too_fast_is_left_out_and_counted() -> None:
    watcher = Watcher()
    watcher.offer([arrival() for _ in range(MAX_EVENTS + 7)])
    watcher.offer([arrival(event="newest")])
    watcher.skip(9)
    (message,) = watcher.take()
    assert (len(message["events"]), message["skipped"], message["unread"]) == (MAX_EVENTS, 8, 9)
    assert message["events"][-1]["event"] == "newest"
    assert watcher.take() == []


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        (Filter(), True),
        (Filter(visitor="v-"), True),
        (Filter(visitor="-1"), False),
        (Filter(event="viewed"), True),
        (Filter(source="sho"), False),
        (Filter(kind="page"), False),
    ],
)
def test_a_filter_lets_pass(wanted: Filter, passes: bool) -> None:
    assert wanted.passes(arrival()) is passes


def test_a_filter_that_makes_no_sense_lets_all_pass() -> None:
    assert filter_of(["no", "object"]) == filter_of({"visitor": 7, "kind": None}) == Filter()


def follow(client: Client, partition: int, offset: int) -> str:
    return client.get(f"/admin/live/{partition}/{offset}/").content.decode()


@pytest.mark.django_db
def test_an_event_is_followed_to_its_batch_and_list(admin: Client, append: Append) -> None:
    offset = append(event_of("e-1", product_id="mug-1"))
    assert "Spark has not applied it yet" in follow(admin, 1, offset)
    query, topic = add_query(), topic_name(ACTIVITY)
    batch = apply_batch(query, topic, {1: offset + 1})
    history = add_event()
    type(history).objects.update(
        topic=topic, partition=1, offset=offset, visitor_id="v-1", product_id="mug-1"
    )
    moved = {
        "topic": topic,
        "partition": 1,
        "offset": offset,
        "event": "Product Viewed",
        "productId": "mug-1",
    }
    VisitorList.objects.create(
        visitor_id="v-1",
        version=1,
        as_of=datetime.now(UTC),
        items=[{"productId": "cup-9", "score": 0.5, "because": 0, "moved": 0}],
        events=[moved],
    )
    page = follow(admin, 1, offset)
    assert f"/admin/streaming/batch/{batch.pk}/change/" in page
    assert "once" in page
    assert "cup-9" in page
    assert "Product Viewed: mug-1" in page


@pytest.mark.django_db
def test_a_duplicate_says_when_the_first_was_appended(admin: Client, append: Append) -> None:
    append(event_of("e-1"))
    offset = append(event_of("e-1"))
    apply_batch(add_query(), topic_name(ACTIVITY), {1: offset + 1})
    key = UUID(md5(b"v-1\x1fe-1", usedforsecurity=False).hexdigest())
    SeenEvent.objects.create(key=key, partition=1, appended_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert "appended at 2026-01-01 00:00:00; not again" in follow(admin, 1, offset)


@pytest.mark.django_db
def test_what_identifies_is_shown_to_those_who_may_until_it_is_erased(admin: Client, append: Append) -> None:
    sealed = seal(keys_of(["v-1"])["v-1"], {"userId": "mary", "properties": {}, "context": {}})
    offset = append(event_of("e-1", sealed=sealed))
    address = f"/admin/live/1/{offset}/whole/"
    assert "mary" in admin.get(address).content.decode()
    looking = staff("view_query").get(address).content.decode()
    assert "mary" not in looking
    assert "permission" in looking
    VisitorKey.objects.all().delete()
    assert "Erased." in admin.get(address).content.decode()


@pytest.mark.django_db
def test_records_that_are_no_events_are_shown_for_what_they_are(admin: Client, append: Append) -> None:
    assert "this visitor was erased" in follow(admin, 1, append(None))
    assert "is no event" in follow(admin, 1, append(b"{"))


@pytest.mark.django_db
def test_places_that_the_log_does_not_hold_are_not_found(admin: Client, topics: str) -> None:
    assert admin.get("/admin/live/1/999/").status_code == 404
    assert admin.get("/admin/live/99/0/").status_code == 404


@pytest.mark.django_db
def test_without_kafka_a_record_s_page_says_so(admin: Client, away: str) -> None:
    page = admin.get("/admin/live/0/0/")
    assert page.status_code == 200
    assert "Kafka did not answer" in page.content.decode()
