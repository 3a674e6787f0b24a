"""How far behind a group is, in messages and in seconds, and who is in it, by either protocol."""

from datetime import timedelta

import pytest
from confluent_kafka import Consumer
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from streaming.cluster import Cluster
from streaming.groups import ConsumerGroup, PartitionLag
from streaming.metrics.definitions import GROUP_LAG, GROUP_WAIT
from streaming.metrics.measuring import measure
from streaming.models import Sample
from streaming.snapshots import take_snapshot
from streaming.waits import lag_seconds, waiting_since
from tests.conftest import wait_for
from tests.streaming.groups.conftest import MESSAGES, MakeGroup, minute

NOW = minute(60)


def group_of(name: str) -> ConsumerGroup:
    cluster = take_snapshot()
    assert isinstance(cluster, Cluster)
    return next(each for each in cluster.groups if each.id == name)


def test_the_oldest_message_that_waits_tells_the_lag_in_seconds(make_group: MakeGroup, topic: str) -> None:
    group = group_of(make_group({0: MESSAGES - 2, 1: MESSAGES - 5}))
    waits = waiting_since(group.partitions)
    assert lag_seconds(group.partitions, waits, NOW) == (60 - (MESSAGES - 5)) * 60
    assert lag_seconds([p for p in group.partitions if p.partition == 0], waits, NOW) == (60 - 8) * 60
    assert group.lag == 7


def test_groups_at_different_offsets_of_a_partition_are_told_apart(topic: str) -> None:
    ahead, behind = (PartitionLag(topic, 0, offset, MESSAGES) for offset in (9, 2))
    waits = waiting_since([ahead, behind])
    assert lag_seconds([ahead], waits, NOW) == (60 - 9) * 60
    assert lag_seconds([behind], waits, NOW) == (60 - 2) * 60


def test_what_is_read_to_the_end_waits_for_nothing_and_what_is_unknown_is_not_0(topic: str) -> None:
    read = PartitionLag(topic, 0, MESSAGES, MESSAGES)
    assert lag_seconds([read], {}, NOW) == 0
    assert lag_seconds([read, PartitionLag(topic, 1, 3, None)], {}, NOW) is None
    assert lag_seconds([PartitionLag(topic, 1, 3, MESSAGES)], {}, NOW) is None


@pytest.mark.django_db
def test_both_are_sampled_and_shown_with_their_history(
    admin: Client, make_group: MakeGroup, topic: str
) -> None:
    name = make_group({0: MESSAGES - 1})
    cluster = take_snapshot()
    Sample.objects.bulk_create(measure(cluster, timezone.now()))
    sampled = dict(Sample.objects.filter(label=name).values_list("metric", "value"))
    assert sampled[GROUP_LAG.name] == 1
    waited = timezone.now() - minute(MESSAGES - 1)
    assert sampled[GROUP_WAIT.name] == pytest.approx(waited.total_seconds(), abs=120)

    page = admin.get(reverse("cluster:group", args=[name]))
    assert [len(chart.lines[name]) for chart in page.context["charts"]] == [1, 1]
    days = f"{waited / timedelta(days=1):.1f} d"
    assert days in page.content.decode()
    assert days in admin.get(reverse("cluster:groups")).content.decode()


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
@pytest.mark.django_db
def test_members_are_shown_whatever_protocol_they_speak(
    admin: Client, make_group: MakeGroup, topic: str, protocol: str
) -> None:
    name = make_group({0: 0})
    member = Consumer(
        settings.KAFKA_CLIENT
        | {"group.id": name, "client.id": f"post-{protocol}", "group.protocol": protocol}
    )
    member.subscribe([topic])
    try:
        wait_for(lambda: member.poll(0.2) is None and len(member.assignment()) == 3, what="its partitions")
        group = group_of(name)
        assert group.state == "Stable"
        (shown,) = group.members
        assert (shown.client_id, len(shown.assigned)) == (f"post-{protocol}", 3)
        assert {each.partition for each in group.partitions} == {0, 1, 2}
        assert f"{topic}: 0, 1, 2" in admin.get(reverse("cluster:group", args=[name])).content.decode()
    finally:
        member.close()
