"""One message put into a topic by hand: asked for, shown, confirmed, in the log and in the audit."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from streaming.messages.producing import BadMessageError, Draft, checked
from streaming.models import Change
from streaming.topics import topic_name
from tests.streaming.messages.conftest import Put, found
from tracking.events import ACTIVITY, REJECTED, Event, EventType, decode, encode
from tracking.models import CollectedMinute

pytestmark = pytest.mark.django_db
NOW = "2026-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def topic(make_topic: Callable[[], str]) -> str:
    return make_topic()


def produce(client: Client, topic: str, **fields: Any) -> Any:
    """Fills in the form and confirms what it shows."""
    address = reverse("cluster:produce", args=[topic])
    shown = client.post(address, fields)
    assert shown.status_code == 200, shown.context["refusal"]
    assert "seen" in shown.context, shown.context.get("refusal")
    return client.post(address, {**fields, "seen": shown.context["seen"]})


def event(**fields: Any) -> Event:
    given = {
        "event_id": "e-1",
        "type": EventType.TRACK,
        "visitor_id": "v-1",
        "event": "Product Viewed",
    } | fields
    return Event(occurred_at=NOW, received_at=NOW, **given)


def test_it_is_in_the_topic_once_confirmed_and_in_the_audit(admin: Client, topic: str) -> None:
    answer = produce(
        admin, topic, key="k", value='{"a":\r\n1}', headers="carrier: rail\nempty:", partition="2"
    )
    (message,) = found(admin, topic, partition=2)
    assert answer.url == reverse("cluster:message", args=[topic, 2, message["offset"]])
    assert (message["key"], message["value"]) == ("k", {"a": 1})
    assert message["headers"] == [{"name": "carrier", "value": "rail"}, {"name": "empty", "value": ""}]
    change = Change.objects.get()
    assert (change.action, change.subject, change.username, change.state) == (
        "Produce a message",
        topic,
        "root",
        "done",
    )
    assert (change.after["partition"], change.after["offset"]) == (2, message["offset"])
    assert change.after["value"].startswith("8 bytes, SHA-256 ")


def test_looking_produces_nothing(admin: Client, topic: str) -> None:
    admin.post(reverse("cluster:produce", args=[topic]), {"value": "x", "partition": "1"})
    assert found(admin, topic, partition=1) == []
    assert not Change.objects.exists()


def test_a_tombstone_has_no_value(admin: Client, topic: str) -> None:
    produce(admin, topic, key="gone", tombstone="on", partition="0")
    (message,) = found(admin, topic, partition=0, key="gone")
    assert (message["kind"], message["value"]) == ("tombstone", None)


def test_one_like_another_begins_with_what_that_holds(admin: Client, topic: str, put: Put) -> None:
    offset = put(topic, "hello", key="k-9", partition=0, headers=[("a", b"b")])
    page = admin.get(reverse("cluster:produce", args=[topic]), {"like": f"0@{offset}"})
    assert page.context["form"].initial == {
        "key": "k-9",
        "value": "hello",
        "tombstone": False,
        "headers": "a: b",
        "partition": 0,
    }


def test_an_event_is_counted_so_that_the_ledger_adds_up(admin: Client, topics: str) -> None:
    activity = topic_name(ACTIVITY)
    produce(admin, activity, value=encode(event(source="shop")).decode())
    (message,) = found(admin, activity)
    assert (message["kind"], message["key"]) == ("event", "v-1")
    assert message["headers"] == [{"name": "schema-version", "value": "1"}]
    row = CollectedMinute.objects.get()
    assert (row.source, row.event, row.accepted) == ("shop", "Product Viewed", 1)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"value": b"{}"}, "no event of the contract"),
        ({"value": b"\xff"}, "no event of the contract"),
        ({"value": None}, "use Erasures"),
        ({"value": encode(event()), "key": b"v-2"}, "is its visitorId, v-1"),
        ({"value": encode(event()), "partition": 0}, "the key chooses the partition"),
        ({"value": encode(event(user_id="mary"))}, "userId may identify"),
        (
            {"value": encode(event(properties={"price": 1, "email": "m@x.org"}))},
            "properties.email may identify",
        ),
    ],
)
def test_the_log_takes_only_what_the_contract_allows(prefix: str, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(BadMessageError, match=said):
        checked(Draft(topic_name(ACTIVITY), fields.get("key"), fields["value"], (), fields.get("partition")))


def test_what_is_refused_is_told_in_the_form(admin: Client, topic: str, topics: str) -> None:
    def refusal(topic: str, **fields: str) -> str:
        told: str = admin.post(reverse("cluster:produce", args=[topic]), fields).context["refusal"]
        return told

    assert "has no partition 7" in refusal(topic, value="x", partition="7")
    assert "no refused event" in refusal(topic_name(REJECTED), value="{}")
    assert "no event of the contract" in refusal(topic_name(ACTIVITY), value="{}")


def test_what_went_through_can_be_read_as_an_event(prefix: str) -> None:
    draft = checked(Draft(topic_name(ACTIVITY), None, encode(event())))
    assert draft.key == b"v-1"
    assert decode(draft.value or b"") == event()
