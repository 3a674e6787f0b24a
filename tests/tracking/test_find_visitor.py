"""From an event with a person in it, through the real log, to nothing: what can be found of a visitor."""

import io
from typing import Any
from uuid import uuid4

import httpx
import pytest
from confluent_kafka import Consumer, Producer
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.tracking.conftest import all_records
from tracking.database import in_database
from tracking.delivery.drain import Drain
from tracking.erasure import erase_visitor
from tracking.events import REJECTED
from tracking.identity import identify_visitor
from tracking.models import SpooledRecord
from tracking.remains.place import flat

SECRETS = ("ada@example.com", "Ada Lovelace", "blue teapot", "/secret/path", "user-4711", "Mozilla/5.0")
NETWORK = "203.0.113."

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor() -> str:
    return f"visitor-{uuid4()}"


def find(visitor_id: str) -> str:
    out = io.StringIO()
    call_command("find_visitor", visitor_id, stdout=out)
    return out.getvalue()


def drain() -> None:
    """What the relay does, until nothing is left."""
    drain = Drain()
    while drain.step():
        pass
    assert not SpooledRecord.objects.exists()


async def send(sender: httpx.AsyncClient, visitor: str) -> None:
    """A person's visit, with one call that is refused and one that waits in the spool."""
    calls: list[dict[str, Any]] = [
        {"type": "identify", "userId": "user-4711", "traits": {"email": SECRETS[0], "name": SECRETS[1]}},
        {
            "type": "track",
            "event": "Products Searched",
            "properties": {"query": SECRETS[2], "product_id": "tea-1"},
            "context": {"ip": NETWORK + "77", "userAgent": "Mozilla/5.0 (X11)"},
        },
        {"type": "page", "properties": {"url": "https://shop.example" + SECRETS[3]}},
        {
            "type": "track",
            "event": "Signed Up",
            "timestamp": "2001-01-01T00:00:00Z",
            "sentAt": "2026-01-01T00:00:00Z",
        }
        | {"properties": {"email": SECRETS[0]}},
    ]
    batch = [{"messageId": str(uuid4()), "anonymousId": visitor, **call} for call in calls]
    answer = await sender.post("/v1/batch", json={"writeKey": settings.WRITE_KEY, "batch": batch})
    statuses = [result["status"] for result in answer.json()["results"]]
    assert statuses == ["accepted", "accepted", "accepted", "rejected"]


async def test_a_visitor_is_found_everywhere_and_after_erasure_nowhere(
    sender: httpx.AsyncClient, consumer: Consumer, activity: str, topic_prefix: str, visitor: str
) -> None:
    await send(sender, visitor)
    await in_database(identify_visitor, visitor, "user-4711", {"name": SECRETS[1]})

    before = await in_database(find, visitor)
    assert "never erased" in before
    for secret in (*SECRETS, NETWORK):
        assert secret in before
    assert f"{activity}: 3 records" in before
    assert f"{topic_prefix}{REJECTED}: 1 record\n" in before
    assert "tracking_spooledrecord: 1 record\n" in before

    await in_database(erase_visitor, visitor, asked_by="visitor")
    await in_database(drain)

    after = await in_database(find, visitor)
    assert after.endswith("Still readable: nothing.\n")
    assert f"{activity}: 4 records" in after  # three that nobody can read, and the tombstone
    for secret in (*SECRETS, NETWORK):
        assert secret not in after

    log = b"".join(
        record.value() or b""
        for topic in (activity, topic_prefix + REJECTED)
        for record in all_records(consumer, topic)
    )
    assert b"tea-1" in log
    for secret in (*SECRETS, NETWORK):
        assert secret.encode() not in log


def test_what_stands_in_the_clear_after_erasure_is_an_error(activity: str, visitor: str) -> None:
    """As events of before there were keys would."""
    producer = Producer({**settings.KAFKA_CLIENT})
    producer.produce(
        activity,
        b'{"eventId":"e","type":"page","visitorId":"%s","occurredAt":"2026-01-01T00:00:00.000Z",'
        b'"receivedAt":"2026-01-01T00:00:00.000Z","context":{"ip":"198.51.100.7"}}' % visitor.encode(),
        key=visitor,
    )
    assert producer.flush(20) == 0
    assert "context.ip = 198.51.100.7" in find(visitor)

    erase_visitor(visitor, asked_by="visitor")

    with pytest.raises(CommandError, match=f"Readable although erased: {activity}"):
        find(visitor)


def test_a_visitor_who_came_back_is_no_error(activity: str, visitor: str) -> None:
    erase_visitor(visitor, asked_by="visitor")
    identify_visitor(visitor, "user-4711", {})

    assert "the visitor has come back since" in find(visitor)


def test_the_leaves_of_a_value_are_named_by_their_path() -> None:
    assert flat({"a": {"b": [1, {"c": "x"}], "d": None}, "e": ""}) == [("a.b", "1"), ("a.b.c", "x")]
