"""The messages of a real topic, as the admin's pages show them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from streaming.topics import topic_name
from tests.streaming.messages.conftest import Put, found
from tracking import rejected
from tracking.events import ACTIVITY, REJECTED, SCHEMA_VERSION_HEADER, Event, EventType, encode
from tracking.identities import keys_of
from tracking.models import VisitorKey
from tracking.refusals import Reason
from tracking.rejected import Rejection
from tracking.sealing import seal

pytestmark = pytest.mark.django_db
NOW = "2026-01-01T00:00:00.000Z"
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def topic(make_topic: Callable[[], str]) -> str:
    return make_topic()


def milliseconds(minutes: int) -> int:
    return round((START + timedelta(minutes=minutes)).timestamp() * 1000)


@pytest.fixture(scope="module")
def parcels(make_topic: Callable[[], str], put: Put) -> str:
    """Thirty messages, a minute apart, round the three partitions."""
    topic = make_topic()
    for number in range(30):
        value = json.dumps({"number": number, "weight": {"grams": number * 100}, "to": f"city {number % 4}"})
        put(
            topic,
            value,
            key=f"parcel-{number}",
            partition=number % 3,
            at=milliseconds(number),
            headers=[
                ("carrier", b"rail" if number % 2 else b"road"),
                *([("fragile", b"")] if number == 7 else []),
            ],
        )
    return topic


def numbers(client: Client, topic: str, **asked: object) -> list[int]:
    return [message["value"]["number"] for message in found(client, topic, **asked)]


def test_the_newest_come_first(admin: Client, parcels: str) -> None:
    assert numbers(admin, parcels, most=20) == list(range(29, 9, -1))
    assert numbers(admin, parcels, start="oldest", most=20) == list(range(20))
    page = admin.get(reverse("cluster:messages", args=[parcels])).content.decode()
    assert "parcel-29" in page
    assert "30 messages" in page


def test_from_an_offset_of_a_partition(admin: Client, parcels: str) -> None:
    asked = {"partition": 1, "start": "offset", "offset": 8}
    assert [(m["partition"], m["offset"]) for m in found(admin, parcels, **asked)] == [(1, 8), (1, 9)]
    assert numbers(admin, parcels, partition=1, start="offset", offset=99) == []


def test_from_a_time(admin: Client, parcels: str) -> None:
    asked = {"start": "time", "time": (START + timedelta(minutes=24, seconds=1)).isoformat()}
    assert numbers(admin, parcels, **asked) == [25, 26, 27, 28, 29]
    asked["time"] = (START + timedelta(days=1)).isoformat()
    assert numbers(admin, parcels, **asked) == []


@pytest.mark.parametrize(
    ("asked", "passing"),
    [
        ({"key": "parcel-2"}, [2]),
        ({"key": "parcel-2", "key_match": "begins"}, [2, *range(20, 30)]),
        ({"key": "-2", "key_match": "contains"}, [2, *range(20, 30)]),
        ({"header": "fragile"}, [7]),
        ({"header": "carrier=rail"}, list(range(1, 30, 2))),
        ({"text": '"number": 28'}, [28]),
        ({"path": "$.weight.grams > 2700"}, [28, 29]),
        ({"path": '$.to == "city 1" && $.weight.grams < 600'}, [1, 5]),
        ({"path": "$.weight[?@ == 300]"}, [3]),
        ({"path": "$.absent"}, []),
        ({"path": "$.number >= 20", "header": "carrier=road", "partition": 2}, [20, 26]),
    ],
)
def test_a_filter_finds_just_what_passes(
    admin: Client, parcels: str, asked: dict[str, str], passing: list[int]
) -> None:
    assert sorted(numbers(admin, parcels, **asked)) == passing


def test_pages_lead_on_to_every_message_and_back(admin: Client, parcels: str) -> None:
    address = reverse("cluster:messages", args=[parcels])
    first = admin.get(address, {"most": 20})
    further = dict(parse_qsl(first.context["next"].removeprefix("?")))
    assert numbers(admin, parcels, **further) == list(range(9, -1, -1))
    second = admin.get(address, further)
    assert second.context["next"] is None
    assert "This is where the log begins." in second.content.decode()
    back = dict(parse_qsl(second.context["back"].removeprefix("?")))
    assert numbers(admin, parcels, **back) == list(range(10, 30))


def test_following_shows_what_came_since_and_nothing_twice(admin: Client, topic: str, put: Put) -> None:
    put(topic, '{"number": 29}', partition=1)
    at = admin.get(reverse("cluster:messages", args=[topic])).context["ends"]
    address = reverse("cluster:newer_messages", args=[topic])
    put(topic, '{"number": 30}', partition=1)
    put(topic, '{"number": 31}', partition=2)
    came = admin.get(address, {"at": at, "path": "$.number == 31"}).json()
    assert (came["shown"], came["passedOver"]) == (1, 0)
    assert "31" in came["rows"]
    again = admin.get(address, {"at": came["at"]}).json()
    assert (again["shown"], again["passedOver"], again["at"]) == (0, 0, came["at"])


def test_a_message_has_an_address_of_its_own(admin: Client, topic: str, put: Put) -> None:
    offset = put(topic, b"\xff\x00", key="k", partition=2, headers=[("h", None)], at=milliseconds(0))
    address = reverse("cluster:message", args=[topic, 2, offset])
    page = admin.get(address)
    assert "ff 00" in page.content.decode()
    assert page.context["reading"].startswith("curl ")
    assert admin.get(address, {"format": "json"}).json() == {
        "topic": topic,
        "partition": 2,
        "offset": offset,
        "timestamp": "2026-03-01T00:00:00.000Z",
        "timestampType": "CreateTime",
        "key": "k",
        "headers": [{"name": "h", "value": ""}],
        "kind": "bytes",
        "problem": None,
        "value": "ff 00",
    }


def test_what_is_not_there_is_not_found(admin: Client, topic: str) -> None:
    for address in (
        reverse("cluster:message", args=[topic, 0, 0]),
        reverse("cluster:message", args=[topic, 9, 0]),
        reverse("cluster:messages", args=[topic + "-not"]),
    ):
        assert admin.get(address).status_code == 404


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"path": "$["}, "is no JSONPath"),
        ({"start": "offset"}, "Say from which offset on"),
        ({"start": "time", "time": "soon"}, "valid date"),
        ({"at": "x"}, "begin anew"),
        ({"partition": "-1"}, "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_asked_for_is_said(
    admin: Client, topic: str, asked: dict[str, str], said: str
) -> None:
    response = admin.get(reverse("cluster:messages", args=[topic]), asked)
    assert response.status_code == 400
    assert said in response.content.decode()


def test_events_are_read_by_their_contract(admin: Client, topics: str, put: Put) -> None:
    sealed = seal(keys_of(["v-1"])["v-1"], {"userId": "mary-of-york", "properties": {"note": "for Mary's"}})
    event = Event(
        event_id="e-1",
        type=EventType.TRACK,
        visitor_id="v-1",
        occurred_at=NOW,
        received_at=NOW,
        event="Product Viewed",
        product_id="mug-1",
        sealed=sealed,
    )
    activity = topic_name(ACTIVITY)
    offset = put(activity, encode(event), key="v-1", headers=[(SCHEMA_VERSION_HEADER, b"1")])
    put(activity, '{"eventId": 7}', key="v-1")
    put(activity, None, key="v-1")
    kinds = [(m["kind"], m["problem"]) for m in found(admin, activity, start="oldest")]
    assert kinds == [
        ("event", None),
        ("no event", "Expected `str`, got `int` - at `$.eventId`"),
        ("tombstone", None),
    ]

    address = reverse("cluster:message", args=[activity, 0, offset])
    page = admin.get(address)
    assert page.context["sealed"] == "open"
    assert "mary-of-york" in page.content.decode()
    body = json.loads(
        page.context["sending"].split("--data-raw '")[1].split("' \\")[0].replace("'\"'\"'", "'")
    )
    assert body == {
        "messageId": "e-1",
        "anonymousId": "v-1",
        "userId": "mary-of-york",
        "event": "Product Viewed",
        "properties": {"product_id": "mug-1", "note": "for Mary's"},
    }

    closed = looking().get(address)
    assert closed.context["sealed"] == "closed"
    assert "mary-of-york" not in closed.content.decode()
    VisitorKey.objects.all().delete()
    erased = admin.get(address)
    assert (erased.context["sealed"], erased.context["sending"]) == ("erased", None)


def looking() -> Client:
    """Somebody who may look, and nothing more."""
    user, _ = User.objects.get_or_create(username="looker", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_query"))
    client = Client()
    client.force_login(user)
    return client


def test_a_refused_body_that_no_key_seals_takes_the_permission(admin: Client, topics: str, put: Put) -> None:
    refused = Rejection(
        reason=Reason.MISSING_ID,
        field="anonymousId",
        detail="is missing",
        source="shop",
        rejected_at=NOW,
        raw="mary",
    )
    topic = topic_name(REJECTED)
    put(topic, rejected.encode(refused))
    (message,) = found(admin, topic)
    assert (message["kind"], message["value"]["raw"]) == ("refused event", "mary")
    (message,) = found(looking(), topic)
    assert "hidden" in message["value"]["raw"]
    assert found(looking(), topic, text="mary") == [], "nor can it be asked for"


def test_who_may_not_look_is_told_so(topic: str) -> None:
    client = Client()
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    for name, args in (("messages", [topic]), ("newer_messages", [topic]), ("message", [topic, 0, 0])):
        assert client.get(reverse(f"cluster:{name}", args=args)).status_code == 403


def test_of_a_truncated_topic_it_shows_what_is_left(admin: Client, topic: str, put: Put) -> None:
    for number in range(5):
        put(topic, json.dumps({"number": number}), key="k")
    admin_client = AdminClient({**settings.KAFKA_CLIENT})
    assert numbers(admin, topic) == [4, 3, 2, 1, 0]
    admin_client.delete_records([TopicPartition(topic, 0, 3)])[TopicPartition(topic, 0)].result()
    assert numbers(admin, topic) == [4, 3]
    assert admin.get(reverse("cluster:message", args=[topic, 0, 2])).status_code == 404


def test_without_kafka_the_page_says_so(admin: Client, away: str) -> None:
    page = admin.get(reverse("cluster:messages", args=["parcels"]))
    assert page.status_code == 200
    assert "Kafka did not answer" in page.content.decode()
    assert admin.get(reverse("cluster:newer_messages", args=["parcels"])).status_code == 503
