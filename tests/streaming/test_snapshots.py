import threading
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition
from pytest_django.fixtures import Settings

from streaming import snapshots
from streaming.cluster import Cluster, Unreachable
from streaming.connection import UnansweredError
from streaming.snapshots import read_ends, recent_snapshot, snapshot, take_snapshot
from streaming.topics import topic_name
from tests.streaming.conftest import Produce, wait_for


def reached() -> Cluster:
    cluster = take_snapshot()
    assert isinstance(cluster, Cluster), cluster.message
    return cluster


def test_it_shows_what_the_cluster_holds(topics: str, produce: Produce) -> None:
    produce("activity", 2, 30)

    cluster = reached()
    topic = cluster.topic(topic_name("activity"))

    assert topic is not None
    assert [partition.number for partition in topic.partitions] == [0, 1, 2, 3, 4, 5]
    written = topic.partitions[2]
    assert (written.earliest, written.latest, written.records) == (0, 30, 30)
    assert written.size is not None
    assert written.size > 30
    assert topic.records == 30
    assert topic.under_replicated == 0
    assert cluster.ends()[topic.name, 2] == 30


def test_it_shows_the_brokers(topics: str) -> None:
    cluster = reached()

    assert cluster.unanswered == ()
    assert sum(broker.controls for broker in cluster.brokers) == 1
    assert all(broker.alive for broker in cluster.brokers)
    assert sum(broker.leads for broker in cluster.brokers) == len(cluster.partitions)
    leaders = {partition.leader for partition in cluster.partitions}
    assert leaders <= {broker.id for broker in cluster.brokers}


def test_the_lag_of_a_group_adds_up(topics: str, produce: Produce, settings: Settings) -> None:
    produce("activity", 0, 10)
    produce("activity", 1, 7)
    name, group = topic_name("activity"), f"group-{uuid4().hex[:8]}"
    consumer = Consumer(settings.KAFKA_CLIENT | {"group.id": group})
    committed = [TopicPartition(name, 0, 4), TopicPartition(name, 1, 7)]
    consumer.commit(offsets=committed, asynchronous=False)
    consumer.close()

    found = next(each for each in reached().groups if each.id == group)

    assert {each.partition: each.lag for each in found.partitions} == {0: 6, 1: 0}
    assert found.lag == found.lag_in(name) == 6
    assert found.topics == [name]


def test_everybody_gets_the_same_snapshot_for_two_seconds(topics: str) -> None:
    assert snapshot() is snapshot()


def test_a_page_waits_for_no_newer_one(topics: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = snapshot()
    monkeypatch.setattr(snapshots, "FRESH_FOR", 0.0)
    assert recent_snapshot() is first
    wait_for(lambda: snapshots._newest is not None and snapshots._newest[2] is not first)


def test_what_was_taken_before_a_change_is_not_shown_after_it(topics: str) -> None:
    snapshot()
    seen = snapshots._newest
    assert seen is not None
    snapshots.forget()
    snapshots._refreshing.acquire()
    snapshots._refresh(seen)
    assert snapshots._newest is None


def test_kafka_away_is_an_answer_too(away: str) -> None:
    answer = take_snapshot()

    assert isinstance(answer, Unreachable)
    assert f"Kafka did not answer at {away} for 2 s" in answer.message


def test_it_is_reached_again_after_it_was_away(topics: str, settings: Settings) -> None:
    address = settings.KAFKA_BOOTSTRAP_SERVERS
    settings.KAFKA_BOOTSTRAP_SERVERS = "127.0.0.1:1"
    assert isinstance(snapshot(), Unreachable)
    settings.KAFKA_BOOTSTRAP_SERVERS = address
    assert isinstance(snapshot(), Cluster)


def test_asking_in_vain_leaves_no_thread_behind(away: str) -> None:
    before = set(threading.enumerate())
    take_snapshot()
    assert set(threading.enumerate()) <= before


def test_ends_are_of_the_topics_asked_for(topics: str, produce: Produce) -> None:
    produce("activity", 5, 3)
    ends = read_ends([topic_name("activity"), "there-is-no-such-topic"])
    assert ends == {(topic_name("activity"), number): 3 if number == 5 else 0 for number in range(6)}


def test_ends_of_a_kafka_away_are_an_error(away: str) -> None:
    with pytest.raises(UnansweredError, match=away):
        read_ends(["activity"])
