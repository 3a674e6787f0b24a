"""Partitions move to where the page says, no faster than it says; a move is cancelled; leaders are elected."""

import os

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType
from django.test import Client
from pytest_django.fixtures import Settings

from streaming.models import Change as ChangeRow
from streaming.operating import moves
from streaming.operating.progress import LIFT, MOVE, progress
from streaming.operating.settings import broker_resource, read_settings
from streaming.operating.topics import create_topic
from streaming.tasks import lift_throttles
from tests.streaming.conftest import wait_for
from tests.streaming.operating.conftest import Change

pytestmark = pytest.mark.django_db
MOVES, NEW, CANCEL = (f"/admin/cluster/moves/{page}" for page in ("", "new/", "cancel/"))
THROTTLED = "follower.replication.throttled.replicas"


def replicas_of(kafka: AdminClient, topic: str) -> dict[int, list[int]]:
    found = kafka.list_topics(topic, timeout=10).topics[topic].partitions
    return {number: list(partition.replicas) for number, partition in found.items()}


def fill(settings: Settings, topic: str, megabytes: int) -> None:
    producer = Producer(settings.KAFKA_CLIENT | {"acks": "all"})
    for _ in range(megabytes * 10):
        producer.produce(topic, os.urandom(100_000), partition=0)
    assert producer.flush(30) == 0


def throttled(kafka: AdminClient, topic: str) -> str:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    return str(kafka.describe_configs([resource])[resource].result()[THROTTLED].value)


def test_partitions_go_where_they_are_sent(
    change: Change, admin: Client, kafka: AdminClient, name: str, brokers: list[int], settings: Settings
) -> None:
    one, two, three = brokers[:3]
    create_topic(name, 2, 1, {})
    before = replicas_of(kafka, name)
    shown = change(NEW, {"brokers": str(one), "exactly": f"{name}-0: {two}, {three}\n{name}-1: {three}"})
    assert "replicas are copied" in shown
    wait_for(lambda: replicas_of(kafka, name) == {0: [two, three], 1: [three]})
    row = ChangeRow.objects.get()
    assert row.action == MOVE
    moved = {f"{name}-0": f"{two}, {three}", f"{name}-1": f"{three}"}
    assert row.after == {at: to for at, to in moved.items() if to != str(before[int(at[-1])][0])}
    wait_for(lambda: not moves.ongoing())
    assert "Verified: every partition of the newest move" in admin.get(MOVES).content.decode()
    file = admin.get("/admin/cluster/moves/newest.json").json()
    assert {"topic": name, "partition": 0, "replicas": [two, three]} in file["partitions"]


def test_balancing_one_topic_leaves_the_others(
    change: Change, kafka: AdminClient, name: str, brokers: list[int]
) -> None:
    create_topic(name, 3, 1, {})
    change(
        NEW, {"brokers": str(brokers[0]), "exactly": "\n".join(f"{name}-{n}: {brokers[0]}" for n in range(3))}
    )
    wait_for(lambda: {each[0] for each in replicas_of(kafka, name).values()} == {brokers[0]})
    wait_for(lambda: not moves.ongoing())
    shown = change(NEW, {"topics": name, "brokers": [str(each) for each in brokers[:3]]})
    assert "2 partitions change, 2 replicas are copied" in shown
    wait_for(lambda: sorted(each[0] for each in replicas_of(kafka, name).values()) == brokers[:3])
    assert set(ChangeRow.objects.latest("id").after) <= {f"{name}-{n}" for n in range(3)}


def test_a_throttled_move_is_watched_and_cancelled(
    change: Change, admin: Client, kafka: AdminClient, name: str, brokers: list[int], settings: Settings
) -> None:
    create_topic(name, 1, 1, {})
    fill(settings, name, 12)
    (home,) = replicas_of(kafka, name)[0]
    other = next(broker for broker in brokers if broker != home)
    change(NEW, {"brokers": str(other), "exactly": f"{name}-0: {other}", "megabytes": "0.1"})
    assert throttled(kafka, name) == f"0:{other}"
    assert read_settings(broker_resource(other))["follower.replication.throttled.rate"].value == "100000"

    found = progress()
    (copy,) = found.copies
    assert (copy.adding, copy.removing) == ((other,), (home,))
    assert copy.whole > 12_000_000
    assert found.share < 1
    page = admin.get(MOVES).content.decode()
    assert "of the bytes are copied" in page
    assert f"{name}-0" in page
    lift_throttles()  # what is on its way keeps its throttle
    assert throttled(kafka, name)
    busy = admin.post(NEW, {"brokers": str(other), "exactly": f"{name}-0: {home}"})
    assert "wait for them, or cancel that" in busy.content.decode()

    change(CANCEL)
    wait_for(lambda: replicas_of(kafka, name)[0] == [home])
    assert throttled(kafka, name) == ""
    assert "follower.replication.throttled.rate" not in read_settings(broker_resource(other))
    assert "it was cancelled" in admin.get(MOVES).content.decode()


def test_a_throttle_is_lifted_when_all_has_arrived(
    change: Change, kafka: AdminClient, name: str, brokers: list[int]
) -> None:
    create_topic(name, 1, 1, {})
    (home,) = replicas_of(kafka, name)[0]
    other = next(broker for broker in brokers if broker != home)
    change(NEW, {"brokers": str(other), "exactly": f"{name}-0: {other}", "megabytes": "5"})
    wait_for(lambda: not moves.ongoing())
    assert throttled(kafka, name)
    lift_throttles()
    assert throttled(kafka, name) == ""
    lift_throttles()
    assert ChangeRow.objects.filter(action=LIFT).count() == 1
    assert progress().is_lifted


def test_the_first_replica_leads_again(
    change: Change, admin: Client, kafka: AdminClient, name: str, brokers: list[int]
) -> None:
    def leader() -> int:
        return int(kafka.list_topics(name, timeout=10).topics[name].partitions[0].leader)

    def is_led_by_second(first: int, second: int) -> bool:
        """Whether it stays so: every half minute the controller puts it right by itself."""
        change(NEW, {"brokers": str(first), "exactly": f"{name}-0: {first}, {second}"})
        wait_for(lambda: replicas_of(kafka, name)[0] == [first, second] and not moves.ongoing())
        return leader() == second

    one, two = brokers[:2]
    create_topic(name, 1, 2, {"min.insync.replicas": "1"})
    before = replicas_of(kafka, name)[0]
    if before != [one, two]:
        change(NEW, {"brokers": str(one), "exactly": f"{name}-0: {one}, {two}"})
        wait_for(lambda: replicas_of(kafka, name)[0] == [one, two] and not moves.ongoing())
        wait_for(lambda: leader() in (one, two))
    first, second = (two, one) if leader() == one else (one, two)
    if replicas_of(kafka, name)[0] == [first, second] or is_led_by_second(first, second):
        assert f"{name}-0" in change("/admin/cluster/elect/", {"topics": name})
        row = ChangeRow.objects.latest("id")
        assert (row.before, row.after) == ({f"{name}-0": second}, {f"{name}-0": first})
    wait_for(lambda: leader() == first)
    again = admin.post("/admin/cluster/elect/", {"topics": name})
    assert "led by its first replica already" in again.content.decode()


@pytest.mark.parametrize(
    "wrong", ["nowhere-0: 1", "{name}-0: 1, 1", "{name}-0: 99", "{name}-0:", "{name}: 1"]
)
def test_a_place_that_cannot_be_is_said(admin: Client, name: str, wrong: str) -> None:
    create_topic(name, 1, 1, {})
    answer = admin.post(NEW, {"brokers": "1", "exactly": wrong.format(name=name)})
    assert answer.status_code == 400
    assert (
        "There is no partition" in answer.content.decode()
        or "not different brokers" in answer.content.decode()
    )
