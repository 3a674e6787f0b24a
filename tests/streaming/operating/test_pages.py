"""The cluster's pages: the map, single brokers, the quorum, and who produces."""

import pytest
from confluent_kafka import Producer
from django.test import Client
from pytest_django.fixtures import Settings

from streaming.admin.operating.map_page import skew
from streaming.cluster import Cluster
from streaming.operating.brokers import folders, producers, quorum
from streaming.snapshots import take_snapshot
from streaming.topics import topic_name
from tests.streaming.conftest import Produce
from tests.streaming.operating.conftest import Change

pytestmark = pytest.mark.django_db


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, f"{address}: {response.status_code}"
    return response.content.decode()


def test_the_map_shows_who_leads_and_holds(admin: Client, topics: str) -> None:
    topic = topic_name("activity")
    assert topic in text(admin, "/admin/cluster/map/")
    page = text(admin, f"/admin/cluster/map/?topic={topic}")
    assert page.count("leader ★") == 6
    assert admin.get("/admin/cluster/map/?topic=nope").status_code == 404


@pytest.mark.parametrize(
    ("values", "told"), [([2, 2, 2], "+0%"), ([4, 1, 1], "+100%"), ([0, 0], "–"), ([], "–")]
)
def test_skew_is_the_largest_above_the_mean(values: list[int], told: str) -> None:
    assert skew(values) == told


def test_the_quorum_has_one_leader_that_lags_behind_nothing(admin: Client) -> None:
    first, *others = quorum()
    assert (first.role, first.lag) == ("leader", 0)
    assert all(node.role != "leader" for node in others)
    assert "Controllers, and brokers that follow their log" in text(admin, "/admin/cluster/")


def test_a_broker_shows_its_disk_by_topic_and_how_it_is_set(
    admin: Client, topics: str, produce: Produce
) -> None:
    produce("activity", 0, 50)
    cluster = take_snapshot()
    assert isinstance(cluster, Cluster)
    leader = cluster.topics[0].partitions[0].leader
    assert leader is not None
    (folder,) = folders(leader)
    assert folder.error == 0
    assert folder.usable
    page = text(admin, f"/admin/cluster/brokers/{leader}/")
    assert folder.path[-12:] in page
    assert "log.dirs" in page
    assert "from the broker&#x27;s file" in page
    assert admin.get("/admin/cluster/brokers/99/").status_code == 404


def test_a_setting_of_a_broker_is_changed_and_taken_back(change: Change, admin: Client) -> None:
    (broker,) = [node.id for node in quorum() if node.role == "leader"]
    address = f"/admin/cluster/brokers/{broker}/settings/"
    fields = admin.get(address).context["form"].fields
    stands = {each: str(field.initial or "") for each, field in fields.items()}
    change(address, stands | {"log.cleaner.threads": "2"})
    assert "log.cleaner.threads" in change(address, stands | {"log.cleaner.threads": ""})


def test_a_broker_that_is_up_or_holds_something_is_not_taken_out(admin: Client, topics: str) -> None:
    (broker,) = [node.id for node in quorum() if node.role == "leader"]
    answer = admin.post(f"/admin/cluster/brokers/{broker}/remove/", {"seen": "x"})
    assert answer.status_code == 409
    assert "move everything off it first" in answer.content.decode()


def test_a_producer_is_seen_where_it_produced(admin: Client, topics: str, settings: Settings) -> None:
    topic = topic_name("activity")
    producer = Producer(settings.KAFKA_CLIENT | {"enable.idempotence": True})
    for _ in range(3):
        producer.produce(topic, b"x", partition=4)
    assert producer.flush(10) == 0
    (found,) = producers((topic, number) for number in range(6))
    assert (found.partition, found.last_sequence, found.in_transaction_from) == (4, 2, None)
    assert str(found.id) in text(admin, f"/admin/cluster/producers/?topic={topic}")
