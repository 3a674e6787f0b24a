"""Segment's and RudderStack's SDKs for Python, as PyPI has them."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from rudderstack.analytics.client import Client as RudderClient
from segment.analytics.client import Client as SegmentClient

from tests.clients.keys import write_key
from tests.clients.received import Received
from tests.conftest import wait_for
from tests.stack import Product

Client = Callable[..., Any]
Failures = list[tuple[Exception, list[dict[str, Any]]]]

CLIENTS = [pytest.param(SegmentClient, id="segment"), pytest.param(RudderClient, id="rudder")]


@contextmanager
def client_of(kind: Client, product: Product, **options: Any) -> Iterator[tuple[Any, Failures]]:
    """A client that differs from its default by the address; at the end it has sent everything, or told."""
    failures: Failures = []
    settings = {"write_key": product.write_key, "host": product.shop} | options
    client = kind(**settings, on_error=lambda error, batch: failures.append((error, batch)))
    yield client, failures
    client.shutdown()


def sent(result: tuple[bool, dict[str, Any]]) -> str:
    """The messageId of a call that the client has taken."""
    taken, message = result
    assert taken
    return str(message["messageId"])


@pytest.mark.parametrize("gzip", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", CLIENTS)
def test_every_kind_of_call_arrives_once_as_it_was_sent(
    product: Product, received: Received, kind: Client, gzip: bool
) -> None:
    visitor, user, number = f"visitor-{uuid4()}", f"user-{uuid4()}", random.randrange(10**9, 10**10)
    born = datetime(1990, 5, 17, 9, 30, tzinfo=UTC)
    order = {"order_id": number, "total": "59.80", "coupon": None, "note": "", "delivery": date(2026, 12, 1)}
    goods = [{"product_id": number, "price": "19.90", "quantity": 2}, {"sku": "mug-8"}]

    with client_of(kind, product, gzip=gzip) as (client, failures):
        page = sent(client.page(anonymous_id=visitor, category="Docs", name="Home", properties={"title": ""}))
        screen = sent(client.screen(anonymous_id=visitor, name="Cart"))
        identify = sent(
            client.identify(user, {"email": "ann@example.org", "born": born}, anonymous_id=visitor)
        )
        group = sent(client.group(number, number, {"plan": "big"}))
        alias = sent(client.alias(visitor, user))
        bought = sent(client.track(user, "Order Completed", order | {"products": goods}))

    assert failures == []
    events = received.once([page, screen, identify, group, alias, bought])
    assert (events[page].visitor_id, events[page].type) == (visitor, "page")
    assert (events[page].properties["name"], events[page].properties["category"]) == ("Home", "Docs")
    assert (events[screen].type, events[screen].properties["name"]) == ("screen", "Cart")
    traits = events[identify].properties.get("traits") or events[identify].context["traits"]
    assert traits == {"email": "ann@example.org", "born": born.isoformat()}
    assert (events[identify].visitor_id, events[identify].user_id) == (visitor, user)
    assert (events[group].visitor_id, events[group].properties["groupId"]) == (str(number), str(number))
    assert (events[alias].visitor_id, events[alias].user_id) == (visitor, user)
    assert len({events[one].person_id for one in (identify, alias, bought)} - {None}) == 1
    assert events[bought].product_ids == [str(number), "mug-8"]
    assert events[bought].properties["total"] == 59.8
    assert events[bought].properties["delivery"] == "2026-12-01"
    assert {event.context["library"]["name"] for event in events.values()} == {"analytics-python"}


@pytest.mark.parametrize("kind", CLIENTS)
def test_times_are_the_senders_with_a_zone_and_without(
    product: Product, received: Received, kind: Client
) -> None:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    naive = hour_ago.astimezone().replace(tzinfo=None)

    with client_of(kind, product) as (client, failures):
        ids = [
            sent(client.track(anonymous_id=str(uuid4()), event="Look", timestamp=timestamp))
            for timestamp in (hour_ago, naive, None)
        ]

    assert failures == []
    events = received.once(ids)
    ages = [
        (
            datetime.fromisoformat(events[one].received_at) - datetime.fromisoformat(events[one].occurred_at)
        ).total_seconds()
        for one in ids
    ]
    assert ages == [pytest.approx(age, abs=30) for age in (3600, 3600, 0)]


@pytest.mark.parametrize("gzip", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", CLIENTS)
def test_big_batches_arrive_whole(product: Product, received: Received, kind: Client, gzip: bool) -> None:
    """Segment's client cuts at 475 KB; RudderStack's at 4 MB, and so its batches have to be small enough."""
    size = 100 if kind is SegmentClient else 15
    with client_of(kind, product, gzip=gzip, upload_size=size) as (client, failures):
        ids = [
            sent(client.track(anonymous_id=f"v-{n % 7}", event="Long", properties={"text": f"{n} " * 6000}))
            for n in range(100, 160)
        ]
        ids += [sent(client.track(anonymous_id=f"v-{n % 7}", event="Short")) for n in range(1000)]

    assert failures == []
    received.once(ids)


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_call_sent_at_once_is_there_when_it_returns(
    product: Product, received: Received, kind: Client
) -> None:
    client = kind(product.write_key, host=product.shop, sync_mode=True)

    received.once([sent(client.track(anonymous_id=str(uuid4()), event="Look"))])


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_limited_key_makes_the_client_wait_and_loses_nothing(
    product: Product, received: Received, kind: Client
) -> None:
    with (
        write_key(product, rate_limit=100) as key,
        client_of(kind, product, write_key=key) as (client, failures),
    ):
        ids = [sent(client.track(anonymous_id=f"v-{n % 7}", event="Look")) for n in range(400)]
        client.flush()

    assert failures == []
    received.once(ids)


@pytest.mark.parametrize(
    ("kind", "change", "words", "status"),
    [
        pytest.param(SegmentClient, {"write_key": "unknown"}, 1, 401, id="segment-key"),
        pytest.param(RudderClient, {"write_key": "unknown"}, 1, 401, id="rudder-key"),
        pytest.param(RudderClient, {"upload_size": 30}, 8000, 400, id="rudder-size"),
    ],
)
def test_what_is_refused_is_told_without_sending_it_again(
    product: Product, received: Received, kind: Client, change: dict[str, Any], words: int, status: int
) -> None:
    """A client that does not understand the refusal would try for minutes."""
    with client_of(kind, product, **change) as (client, failures):
        for n in range(30):
            client.track(anonymous_id="v-1", event="Long", properties={"text": f"{n} " * words})
        wait_for(
            lambda: sum(len(batch) for _, batch in failures) == 30, 15, "every call to be told as failed"
        )

    assert {getattr(error, "status", None) for error, _ in failures} == {status}
    assert received.events() == []
