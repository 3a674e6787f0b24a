"""Topics are created, set, widened, emptied and deleted on the pages, and another client finds them so."""

from datetime import timedelta

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from streaming.admin import topics_pages
from streaming.models import Change as ChangeRow
from streaming.operating.topics import create_topic
from tests.streaming.conftest import Produce, wait_for
from tests.streaming.operating.conftest import Change

pytestmark = pytest.mark.django_db


def settings_of(kafka: AdminClient, topic: str) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    return {
        entry.name: entry.value for entry in kafka.describe_configs([resource])[resource].result().values()
    }


def watermarks(settings: Settings, topic: str) -> tuple[int, int]:
    consumer = Consumer(settings.KAFKA_CLIENT | {"group.id": "watermarks"})
    found: tuple[int, int] = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    consumer.close()
    return found


def test_a_topic_is_created_as_asked_for(change: Change, kafka: AdminClient, name: str) -> None:
    asked = {"name": name, "partitions": "3", "replication": "1", "policy": "compact", "retention": "7d"}
    shown = change("/admin/cluster/create-topic/", asked | {"further": "max.message.bytes=2000000"})
    assert "604800000" in shown

    assert len(kafka.list_topics(name, timeout=10).topics[name].partitions) == 3
    settings = settings_of(kafka, name)
    assert (settings["cleanup.policy"], settings["retention.ms"]) == ("compact", "604800000")
    assert settings["max.message.bytes"] == "2000000"
    row = ChangeRow.objects.get()
    assert (row.subject, row.before, row.after["partitions"]) == (name, {}, 3)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"name": "no spaces"}, "Letters, digits"),
        ({"retention": "soon"}, "or with a unit"),
        ({"further": "max.message.bytes"}, "is not name=value"),
        ({"further": "no.such.setting=1"}, "no.such.setting"),
        ({"replication": "99"}, "replication"),
        ({"partitions": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_created_is_said_before_anything_is_done(
    admin: Client, name: str, asked: dict[str, str], told: str
) -> None:
    usual = {"name": name, "partitions": "1", "replication": "1", "policy": "delete"}
    answer = admin.post("/admin/cluster/create-topic/", usual | asked)
    assert answer.status_code in (400, 409)
    assert told.lower() in answer.content.decode().lower()
    assert not ChangeRow.objects.exists()


def test_a_setting_is_set_and_taken_back(
    change: Change, admin: Client, kafka: AdminClient, name: str
) -> None:
    create_topic(name, 1, 1, {"retention.ms": "1000000"})
    address = f"/admin/cluster/topics/{name}/settings/"
    page = admin.get(address).content.decode()
    assert "The largest record batch size allowed by Kafka" in page  # the broker's own words
    assert "now 1000000, set on this topic" in page
    assert "default 604800000" in page

    fields = admin.get(address).context["form"].fields
    stands = {each: str(field.initial or "") for each, field in fields.items()}
    change(address, stands | {"retention.ms": "", "cleanup.policy": "compact"})
    settings = settings_of(kafka, name)
    assert (settings["retention.ms"], settings["cleanup.policy"]) == ("604800000", "compact")
    row = ChangeRow.objects.get()
    assert row.before == {"cleanup.policy": "default: delete", "retention.ms": "1000000"}
    assert row.after == {"cleanup.policy": "compact", "retention.ms": "default: 604800000"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"segment.bytes": "many"}, "A whole number of 32 bits."),
        ({"segment.bytes": "99999999999"}, "A whole number of 32 bits."),
        ({"min.cleanable.dirty.ratio": "2"}, "min.cleanable.dirty.ratio"),
    ],
)
def test_a_wrong_value_is_said(admin: Client, name: str, asked: dict[str, str], told: str) -> None:
    create_topic(name, 1, 1, {})
    answer = admin.post(f"/admin/cluster/topics/{name}/settings/", asked)
    assert answer.status_code in (400, 409)
    assert told in answer.content.decode()


def test_partitions_are_added_and_never_taken(
    change: Change, admin: Client, kafka: AdminClient, name: str
) -> None:
    create_topic(name, 1, 1, {})
    address = f"/admin/cluster/topics/{name}/partitions/"
    assert "nothing takes a partition away" in change(address, {"partitions": "4"})
    assert len(kafka.list_topics(name, timeout=10).topics[name].partitions) == 4
    refused = admin.post(address, {"partitions": "3"})
    assert refused.status_code == 409
    assert "has 4 partitions: ask for more than that" in refused.content.decode()


def test_records_are_deleted_before_a_time_and_all_of_them(
    change: Change, settings: Settings, topics: str, produce: Produce
) -> None:
    topic = f"{topics}activity.rejected"
    produce("activity.rejected", 0, 10)
    address = f"/admin/cluster/topics/{topic}/truncate/"
    yesterday = timezone.localtime() - timedelta(days=1)
    page = change(address, {"until": ""}, name=topic)
    assert "10 records go" in page
    assert "can never be computed anew" in page
    assert watermarks(settings, topic) == (10, 10)
    produce("activity.rejected", 0, 3)
    wait_for(lambda: watermarks(settings, topic) == (10, 13))
    with pytest.raises(AssertionError, match="nothing to change"):
        change(address, {"until": yesterday.strftime("%Y-%m-%dT%H:%M:%S")}, name=topic)
    assert ChangeRow.objects.get().after["0"] == 10


def test_a_topic_is_deleted_by_its_name_only(
    change: Change, admin: Client, kafka: AdminClient, name: str
) -> None:
    create_topic(name, 1, 1, {})
    address = f"/admin/cluster/topics/{name}/delete/"
    with pytest.raises(AssertionError, match="nothing was done"):
        change(address, name="other")
    assert name in kafka.list_topics(timeout=10).topics
    change(address, name=name)
    wait_for(lambda: name not in kafka.list_topics(timeout=10).topics)
    assert admin.get(address).status_code == 404


def test_kafka_s_own_topics_stay(admin: Client, settings: Settings) -> None:
    consumer = Consumer(settings.KAFKA_CLIENT | {"group.id": "makes-the-topic"})
    consumer.list_topics(timeout=10)
    consumer.subscribe(["activity"])
    wait_for(
        lambda: consumer.poll(0.1) is None and "__consumer_offsets" in consumer.list_topics(timeout=10).topics
    )
    consumer.close()
    for verb in ("delete", "truncate"):
        address = f"/admin/cluster/topics/__consumer_offsets/{verb}/"
        answer = admin.post(address, {"until": ""})
        assert answer.status_code == 409
        assert "Kafka's own" in answer.content.decode() or "Kafka&#x27;s own" in answer.content.decode()


def test_topics_are_found_by_a_part_of_their_name(
    admin: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        create_topic(f"{name}-{number}", 1, 1, {})
    monkeypatch.setattr(topics_pages, "TOPICS_SHOWN", 2)
    first = admin.get("/admin/cluster/topics/", {"q": name}).content.decode()
    assert (f"{name}-1<" in first, f"{name}-2<" in first) == (True, False)
    second = admin.get("/admin/cluster/topics/", {"q": name, "p": "2"}).content.decode()
    assert (f"{name}-1<" in second, f"{name}-2<" in second) == (False, True)
    none = admin.get("/admin/cluster/topics/", {"q": f"{name}-9"}).content.decode()
    assert "in its name" in none
