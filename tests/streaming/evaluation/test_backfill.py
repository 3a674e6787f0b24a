"""`manage.py backfill` into a real log that is folded as it comes, in place of Spark."""

import io
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Consumer
from django.core.management import CommandError, call_command
from pytest_django import Settings

from streaming.jobs.fold import fold, open_fold
from streaming.topics import topic_name
from tests.conftest import Connection
from tests.recommendations.conftest import database_url
from tracking.events import ACTIVITY, decode

COPY = """
    COPY batch_event (partition, "offset", appended_at, visitor_id, event_id, event, occurred_at, received_at,
                      product_ids, source) FROM STDIN
"""
POSITION = """
    INSERT INTO streaming_position (query_id, topic, partition, "offset") VALUES ('activity', %s, %s, %s)
    ON CONFLICT (query_id, topic, partition) DO UPDATE SET "offset" = excluded."offset"
"""


@pytest.fixture
def applied(model: Connection, topics: str, settings: Settings) -> Iterator[Connection]:
    """The model, into which a thread folds whatever comes."""
    model.execute(
        "INSERT INTO streaming_query (name, checkpoint, host, pid, started_at, seen_at, error)"
        " VALUES ('activity', 'run', 'here', 1, now(), now(), '')"
    )
    stopping, topic, address = threading.Event(), topic_name(ACTIVITY), database_url(model)
    thread = threading.Thread(target=follow, args=(settings.KAFKA_CLIENT, topic, address, stopping))
    thread.start()
    yield model
    stopping.set()
    thread.join()


def follow(client: dict[str, str], topic: str, address: str, stopping: threading.Event) -> None:
    consumer = Consumer(client | {"group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    batch = 0
    with psycopg.connect(address, autocommit=True) as connection:
        open_fold(connection)
        while not stopping.is_set():
            messages = consumer.consume(1000, 0.1)
            if not messages:
                continue
            with connection.transaction(), connection.cursor() as cursor:
                with cursor.copy(COPY) as copy:
                    for message in messages:
                        e = decode(message.value() or b"")
                        appended = datetime.fromtimestamp(message.timestamp()[1] / 1000).astimezone()
                        place = (message.partition(), message.offset(), appended)
                        who = (e.visitor_id, e.event_id, e.event, e.occurred_at, e.received_at)
                        copy.write_row((*place, *who, e.products, e.source))
                fold(connection, batch, topic, judge=True)
                for message in messages:
                    cursor.execute(POSITION, (topic, message.partition(), (message.offset() or 0) + 1))
            batch += 1
    consumer.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Forty visitors who look at tea, then at a mug, and a row that is no event."""
    rows = [
        f"v{n},{product},{1_700_000_000 + 100 * n + at}\n"
        for n in range(40)
        for at, product in enumerate(("tea", "mug"))
    ]
    path = tmp_path / "log.csv"
    path.write_text("visitor,product,time\n" + "".join(rows) + "v0,,1700000000\n")
    return path


def backfill(*arguments: str) -> tuple[str, str]:
    """What the command says, and what it complains of."""
    said, complained = io.StringIO(), io.StringIO()
    call_command("backfill", *arguments, stdout=said, stderr=complained)
    return said.getvalue(), complained.getvalue()


def test_file_is_applied_once_with_its_own_times(applied: Connection, log: Path) -> None:
    said, complained = backfill(str(log), "--visitor-prefix", "old-")
    assert "plain columns: 80 rows of 40 visitors and 2 products." in said
    assert "80 events into the log in" in said
    assert "line 82, product: is empty" in complained
    counts = "SELECT count(*), count(DISTINCT visitor_id), min(occurred_at)::text FROM recommendations_visitorevent"
    assert applied.execute(counts).fetchone() == (80, 40, "2023-11-14 22:13:20+00")
    pairs = applied.execute("SELECT product_id, positive FROM recommendations_pair ORDER BY 1").fetchall()
    backfill(str(log), "--visitor-prefix", "old-")
    assert applied.execute(counts).fetchone() == (80, 40, "2023-11-14 22:13:20+00")
    assert (
        applied.execute("SELECT product_id, positive FROM recommendations_pair ORDER BY 1").fetchall()
        == pairs
    )
    assert applied.execute("SELECT count(*) FROM recommendations_judgedhour").fetchone() == (0,)


def test_judge_predicts_every_event_and_says_how_well(applied: Connection, log: Path) -> None:
    said, _ = backfill(str(log), "--judge", "--step", "10")
    # After each tea comes the mug, which nobody knew of in the first step of five visitors; where the step lands in
    # several batches, the first of them teaches the others.
    assert "40 events predicted" in said
    words = [line.replace("│", " ").split() for line in said.splitlines()]
    (rates,) = (row[2:] for row in words if row[:2] == ["the", "lists"])
    assert 35 / 40 <= float(rates[0]) <= 39 / 40
    assert rates == [rates[0]] * 3
    with pytest.raises(CommandError, match="Nothing of it was predicted"):
        backfill(str(log), "--judge")


def test_unknown_file_is_said(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        backfill(str(tmp_path / "none.csv"))
    (tmp_path / "log.csv").write_text("visitor,product,time\n,,\n")
    with pytest.raises(CommandError, match="holds no event"):
        backfill(str(tmp_path / "log.csv"))
