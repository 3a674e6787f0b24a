import json
from io import StringIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from confluent_kafka import Consumer, TopicPartition
from django.core.management import call_command
from django.db import connection
from pytest_django.fixtures import Settings

from recommendations.models import ChangedVisitor
from services.home import Home
from services.state import PartState, StackState, write_state
from streaming.lags import lags
from streaming.management.commands.status import add_lags
from streaming.topics import topic_name
from tests.streaming.conftest import Produce
from tests.streaming.rows import add_query, apply_batch

pytestmark = pytest.mark.django_db


def test_each_part_is_as_far_behind_as_what_waits_for_it(
    topics: str, produce: Produce, settings: Settings
) -> None:
    produce("activity", 0, 9)
    produce("activity", 4, 3)
    produce("recommendations", 1, 7)
    apply_batch(add_query(), topic_name("activity"), {0: 5})
    push = Consumer(settings.KAFKA_CLIENT | {"group.id": f"{topics}push"})
    push.commit(offsets=[TopicPartition(topic_name("recommendations"), 1, 5)], asynchronous=False)
    push.close()
    ChangedVisitor.objects.create(visitor_id="v-1", version=1)

    assert lags() == {"spark": "lag 7 records", "push": "lag 2 notices", "relay": "lag 1 changed lists"}


def test_a_query_that_has_applied_nothing_is_behind_by_the_whole_log(topics: str, produce: Produce) -> None:
    produce("activity", 0, 9)
    assert lags()["spark"] == "lag 9 records"
    add_query(error="java.lang.OutOfMemoryError: heap\n at org.apache")
    assert lags()["spark"] == "lag 9 records; last error: java.lang.OutOfMemoryError: heap"


def test_without_kafka_it_says_why_nothing_is_known(away: str) -> None:
    apply_batch(add_query(error="no broker"), "activity", {0: 3})

    told = lags()

    assert told["spark"] == f"lag not known: Kafka did not answer at {away} for 2 s; last error: no broker"
    assert told["push"] == f"lag not known: Kafka did not answer at {away} for 2 s"
    assert told["relay"] == "lag 0 changed lists"


def test_without_postgres_it_says_so(topics: str, settings: Settings) -> None:
    settings.DATABASE_URL = "postgresql://postgres@127.0.0.1:1/nothing"

    told = lags()

    assert told["spark"] == told["relay"]
    assert told["spark"].startswith("lag not known: Postgres did not answer")
    assert told["push"] == f"lag not known: Kafka knows no group {topics}push yet"


def test_before_the_first_migration_it_says_what_is_missing(topics: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE streaming_query RENAME TO not_made_yet")
    assert 'lag not known: relation "streaming_query" does not exist' in lags()["spark"]


def test_status_has_the_lag_in_the_detail(
    topics: str, produce: Produce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    produce("activity", 2, 4)
    apply_batch(add_query(), topic_name("activity"), {2: 1})
    me, home, said = psutil.Process(), Home(tmp_path), StringIO()
    home.create()
    monkeypatch.setenv("TRIBUTARY_HOME", str(home.path))
    running: dict[str, Any] = {"state": "ready", "pid": me.pid, "created": me.create_time()}
    parts = [PartState(name=name, detail="at work", **running) for name in ("spark", "relay", "web")]
    write_state(home, StackState(**running, parts=parts))

    call_command("status", "--json", stdout=said)

    details = {part["name"]: part["detail"] for part in json.loads(said.getvalue())["parts"]}
    assert details == {
        "spark": "at work; lag 3 records",
        "relay": "at work; lag 0 changed lists",
        "web": "at work",
    }


def test_of_a_stopped_stack_nobody_is_asked(away: str) -> None:
    parts = [{"name": "spark", "state": "stopped", "detail": "not started yet"}]
    add_lags(parts)
    assert parts[0]["detail"] == "not started yet"
