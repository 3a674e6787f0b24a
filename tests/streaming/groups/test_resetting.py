"""Offsets of a real group, moved: shown first, then as shown, and as Kafka's own tool would have."""

from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from django.conf import settings
from django.test import Client
from django.urls import reverse

from streaming.models import Change
from tests.conftest import wait_for
from tests.streaming.groups import kafka_consumer_groups
from tests.streaming.groups.conftest import MESSAGES, MakeGroup, committed, minute

pytestmark = pytest.mark.django_db


def dry_run(client: Client, group: str, **fields: Any) -> Any:
    return client.post(reverse("cluster:reset_offsets", args=[group]), fields)


def reset(client: Client, group: str, **fields: Any) -> Any:
    """The dry run, then its confirmation with all that the page sends along."""
    shown = dry_run(client, group, **fields)
    assert "seen" in shown.context, shown.context.get("refusal") or shown.context["form"].errors
    return confirm(client, group, shown)


def confirm(client: Client, group: str, shown: Any) -> Any:
    sent = {**dict(shown.context["sent"]), "seen": shown.context["seen"]}
    return client.post(reverse("cluster:reset_offsets", args=[group]), sent)


def test_a_dry_run_shows_where_each_partition_would_go_and_moves_nothing(
    admin: Client, make_group: MakeGroup, topic: str
) -> None:
    group = make_group({0: 4, 1: 10})
    shown = dry_run(admin, group, to="earliest")
    assert shown.context["plan"].changes == [(f"{topic}-0", 4, 0), (f"{topic}-1", 10, 0)]
    assert shown.context["plan"].details == {"Read again": "14 messages", "Lag": "6 now, 20 then"}
    assert committed(group, topic) == {0: 4, 1: 10}
    assert not Change.objects.exists()


@pytest.mark.parametrize(
    ("fields", "moved"),
    [
        ({"to": "earliest"}, {0: 0, 1: 0}),
        ({"to": "latest"}, {0: MESSAGES, 1: MESSAGES}),
        ({"to": "time", "time": minute(3).isoformat()}, {0: 3, 1: 3}),
        ({"to": "time", "time": minute(999).isoformat()}, {0: MESSAGES, 1: MESSAGES}),
        ({"to": "shift", "number": "-2"}, {0: 2, 1: 5}),
        ({"to": "shift", "number": "99"}, {0: MESSAGES, 1: MESSAGES}),
        ({"to": "offset", "number": "6"}, {0: 6, 1: 6}),
        ({"to": "earliest", "topic": True}, {0: 0, 1: 0, 2: 0}),
        ({"to": "offset", "number": "1", "topic": True, "partition": "2"}, {0: 4, 1: 7, 2: 1}),
    ],
)
def test_it_moves_where_it_was_told_to(
    admin: Client, make_group: MakeGroup, topic: str, fields: dict[str, Any], moved: dict[int, int]
) -> None:
    group = make_group({0: 4, 1: 7})
    asked = fields | ({"topic": topic} if "topic" in fields else {})
    assert reset(admin, group, **asked).url == reverse("cluster:group", args=[group])
    assert committed(group, topic) == moved
    change = Change.objects.get()
    assert (change.action, change.subject, change.state) == ("Reset a group's offsets", group, "done")
    assert {**change.before, **change.after} == change.after
    assert change.after == {
        f"{topic}-{p}": offset for p, offset in moved.items() if f"{topic}-{p}" in change.after
    }


def test_what_was_shown_is_done_though_the_topic_has_grown(
    admin: Client, make_group: MakeGroup, topic: str
) -> None:
    group = make_group({2: 0})
    shown = dry_run(admin, group, to="latest")
    producer = Producer({**settings.KAFKA_CLIENT})
    producer.produce(topic, "new", partition=2)
    assert producer.flush(20) == 0
    assert confirm(admin, group, shown).status_code == 302
    assert committed(group, topic) == {2: shown.context["plan"].after[f"{topic}-2"]}


def test_a_group_that_moved_meanwhile_is_shown_anew(admin: Client, make_group: MakeGroup, topic: str) -> None:
    group = make_group({0: 4})
    shown = dry_run(admin, group, to="earliest")
    reset(admin, group, to="offset", number="9")
    again = confirm(admin, group, shown)
    assert again.status_code == 400
    assert "It has changed since you looked" in again.content.decode()
    assert committed(group, topic) == {0: 9}


def test_messages_that_would_be_passed_over_are_counted(admin: Client, make_group: MakeGroup) -> None:
    shown = dry_run(admin, make_group({0: 4}), to="offset", number="9")
    assert "5 messages are passed over" in shown.context["plan"].warning


def test_while_somebody_runs_nothing_is_moved(admin: Client, make_group: MakeGroup, topic: str) -> None:
    group = make_group({0: 4})
    member = Consumer(settings.KAFKA_CLIENT | {"group.id": group, "client.id": "postman"})
    member.subscribe([topic])
    try:
        wait_for(lambda: member.poll(0.2) is not None or member.assignment(), what="the member to be in")
        shown = dry_run(admin, group, to="earliest")
        assert "stop postman on " in shown.context["refusal"]
        assert "plan" not in shown.context
    finally:
        member.close()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"to": "time"}, "Say to which time"),
        ({"to": "shift"}, "Say which offset"),
        ({"to": "earliest", "partition": "1"}, "Say of which topic"),
        ({"to": "nowhere"}, "not one of the available choices"),
        ({"to": "earliest", "pinned": "[[1]]"}, "begin anew"),
    ],
)
def test_what_is_not_said_is_asked_for(
    admin: Client, make_group: MakeGroup, fields: dict[str, str], said: str
) -> None:
    answer = dry_run(admin, make_group({0: 1}), **fields)
    assert answer.status_code == 400
    assert said in str(answer.context["form"].errors)


def test_a_group_that_is_not_there_is_not_found(admin: Client, topic: str) -> None:
    assert admin.get(reverse("cluster:reset_offsets", args=["no-such-group"])).status_code == 404


def test_a_deleted_group_is_forgotten(admin: Client, make_group: MakeGroup, topic: str) -> None:
    group = make_group({0: 4})
    address = reverse("cluster:delete_group", args=[group])
    seen = admin.get(address).context["seen"]
    answer: Any = admin.post(address, {"seen": seen, "confirmation": group})
    assert answer.url == reverse("cluster:groups")
    assert committed(group, topic) == {}
    assert Change.objects.get().before == {f"{topic}-0": 4}


def test_kafka_s_own_tool_agrees(admin: Client, make_group: MakeGroup, topic: str) -> None:
    group = make_group({0: 4, 1: 7})
    shown = dry_run(admin, group, to="shift", number="2").context["plan"].after
    told = kafka_consumer_groups.table(
        kafka_consumer_groups.run(
            "--reset-offsets", "--dry-run", "--group", group, "--all-topics", "--shift-by", "2"
        )
    )
    assert {f"{row['TOPIC']}-{row['PARTITION']}": int(row["NEW-OFFSET"]) for row in told} == shown

    reset(admin, group, to="shift", number="2")
    told = kafka_consumer_groups.table(kafka_consumer_groups.run("--describe", "--group", group))
    page = admin.get(reverse("cluster:group", args=[group])).context["tables"][0]["table"]
    assert {(row["PARTITION"], row["CURRENT-OFFSET"], row["LOG-END-OFFSET"], row["LAG"]) for row in told} == {
        (str(partition), committed, end, lag) for _, partition, _, committed, end, lag, _ in page["rows"]
    }
