"""`rebuild --verify` against a real log that the real Sink has folded, and against a model that was tampered with."""

import io
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Producer
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import override_settings
from pyspark.sql import SparkSession
from pytest_django import Settings

from streaming.jobs.ledger import Ledger
from streaming.jobs.sink import Sink, open_connection
from streaming.jobs.transforms import flatten, parse, validate
from streaming.rebuild import lanes, log
from streaming.topics import topic_name
from tests.conftest import Connection
from tests.recommendations.conftest import database_url
from tracking.events import ACTIVITY, Event, EventType, encode, format_timestamp

TIMES = b'"occurredAt": "2026-03-01T00:00:00.000Z", "receivedAt": "2026-03-01T00:00:00.000Z"'
GARBAGE = (
    b"not json",
    b"[1]",
    b"{}",
    b'{"eventId": "x"}',
    b'{"eventId": "x", "type": "track", "visitorId": "v", "occurredAt": "2026-02-30T00:00:00.000Z", '
    b'"receivedAt": "2026-03-01T00:00:00.000Z"}',
    b'{"eventId": "x", "type": "track", "visitorId": "v", "occurredAt": "1800-01-01T00:00:00.000Z", '
    b'"receivedAt": "2026-03-01T00:00:00.000Z"}',
    b'{"eventId": "x", "type": "track", "visitorId": "v", "occurredAt": "9999-12-31T00:00:00.000Z", '
    b'"receivedAt": "2026-03-01T00:00:00.000Z"}',
    b'{"eventId": "a\\u0000b", "type": "track", "visitorId": "v", ' + TIMES + b"}",
    b'{"eventId": "y", "type": "track", "visitorId": "v", "productIds": ["a", null], ' + TIMES + b"}",
)
ODD = (
    # Not the contract's types, yet Spark reads them: numbers as text, and what it does not read may be anything.
    b'{"eventId": 17, "type": "track", "visitorId": 4.5, "productId": 99, ' + TIMES + b"}",
    b'{"eventId": 18, "type": "page", "visitorId": "v", "personId": {"id": 1}, "leftOut": "yes", "source": 7, '
    + TIMES
    + b"}",
    *(
        b'{"eventId": "l%d", "type": "track", "visitorId": "v", "event": "Product Clicked", "productId": "p", '
        b'"listId": 7, "positions": %s, ' % (number, positions) + TIMES + b"}"
        for number, positions in enumerate((b'["1"]', b"[1, 2]", b"[null]", b"[-1]", b"[1.0]", b"3", b"[4]"))
    ),
    b'{"eventId": "z", "type": "track", "visitorId": "v", "productId": "p", "properties": "text", '
    + TIMES
    + b"}",
)
EXPERIMENT = """
    WITH experiment AS (
        INSERT INTO recommendations_experiment (
            name, hypothesis, list_ids, metric, baseline, effect, "window", salt, starts_at)
        VALUES ('e', 'h', '{home}', 'click', 0.1, 0.5, interval '1 day', 's', now() - interval '1 hour')
        RETURNING id
    )
    INSERT INTO recommendations_experimentarm (experiment_id, name, control, share, model, rules, parameters)
    SELECT id, name, name = 'a', 50, '', '', '{}' FROM experiment, unnest('{a,b}'::text[]) AS arm (name)
"""
EVENTS = 200
HAPPENS = (
    *("Product Viewed", "Product Viewed", "Product Added", "Product Removed"),
    *("Product List Viewed", "Product Clicked", "Product Clicked", "Order Completed"),
)
RECORDS = "partition int, offset long, timestamp timestamp, key binary, value binary"


def produce_log(topic: str) -> dict[int, int]:
    """200 events over three partitions, some sent twice, tombstones and garbage; how many records each holds.

    The visitors are persons who use several browsers; one visitor in twelve is a bot.
    """
    chance = random.Random(5)
    producer = Producer(django_settings.KAFKA_CLIENT | {"acks": "all"})
    held = dict.fromkeys(range(3), 0)
    now = format_timestamp(datetime.now(UTC))
    for number in range(EVENTS):
        visitor = chance.randrange(12)
        event = Event(
            event_id=f"e{number}",
            type=EventType.TRACK,
            event=chance.choice(HAPPENS),
            visitor_id=f"v{visitor}",
            product_id=f"p{chance.randrange(15)}",
            occurred_at=now,
            received_at=now,
            person_id=f"u{chance.randrange(3)}" if number % 7 == 0 else None,
            source=chance.choice(["shop", None]),
            left_out=visitor == 11,
            list_id=chance.choice(["home", "search", None]),
            positions=chance.choice([[1], [7], []]),
        )
        partition = visitor % 3
        for value in [encode(event)] * (2 if number % 10 == 0 else 1):
            producer.produce(topic, value, key=event.visitor_id, partition=partition)
            held[partition] += 1
        if number % 20 == 13:
            producer.produce(topic, key=event.visitor_id, partition=partition)
            held[partition] += 1
    for key in (None, b"", b"\xff", b"v" * 101):  # tombstones of nobody
        producer.produce(topic, key=key, partition=1)
        held[1] += 1
    for value in (*GARBAGE, *ODD):
        producer.produce(topic, value, partition=1)
        held[1] += 1
    assert producer.flush(20) == 0
    return held


@pytest.fixture
def folded(
    model: Connection, topics: str, settings: Settings, spark: SparkSession, tmp_path: Path
) -> Iterator[Connection]:
    """The model of such a log, folded by Spark's own steps and sink in two batches."""
    settings.DATABASE_URL = database_url(model)
    topic = topic_name(ACTIVITY)
    ends = produce_log(topic)
    (tmp_path / "offsets").mkdir()
    ledger = Ledger("activity", topic, "run")
    ledger.claim(model)
    model.execute(EXPERIMENT)
    connection = open_connection(settings.DATABASE_URL)
    sink = Sink(ledger, lambda: connection, tmp_path, {})
    start: dict[int, int] = {}
    for batch, end in enumerate(({p: offset // 2 for p, offset in ends.items()}, ends)):
        rows = [
            (
                m.partition(),
                m.offset(),
                datetime.fromtimestamp(m.timestamp()[1] / 1000, UTC),
                m.key(),
                m.value(),
            )
            for messages in log.read_log(topic, start, end)
            for m in messages
        ]
        offsets = json.dumps({topic: {str(p): offset for p, offset in end.items()}})
        (tmp_path / "offsets" / str(batch)).write_text(f"v1\n{{}}\n{offsets}")
        records = spark.createDataFrame(rows, RECORDS)
        sink(records.transform(parse).transform(validate).transform(flatten), batch)
        start = end
    yield model
    connection.close()


def verify() -> str:
    output = io.StringIO()
    call_command("rebuild", "--verify", stdout=output)
    return output.getvalue()


def refusal() -> tuple[str, str]:
    """What the command says, and what it fails with."""
    output = io.StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("rebuild", "--verify", stdout=output)
    assert raised.value.returncode == 1
    return output.getvalue(), str(raised.value)


def unequal(output: str) -> dict[str, int]:
    """How many rows of each kind of fact the table says are not equal, where there are any."""
    cells = [[cell.strip() for cell in line.split("│")] for line in output.splitlines() if "│" in line]
    return {row[1]: int(row[4]) for row in cells if row[1] and int(row[4])}


def test_folded_log_is_equal_and_nothing_is_left_behind(folded: Connection) -> None:
    output = verify()
    assert unequal(output) == {}
    assert "Equal: 253 events of the log give the live model." in output
    assert folded.execute("SELECT sum(duplicates), sum(rejected) FROM streaming_batch").fetchone() == (
        20,
        len(GARBAGE) + 4,
    )
    assert folded.execute("SELECT count(*) > 5 FROM recommendations_visitorperson").fetchone() == (True,)
    assert folded.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%'").fetchall() == []


def test_pairs_are_added_up_as_often_as_need_be(folded: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "BATCH_RECORDS", 20)
    monkeypatch.setattr(lanes, "BATCHES_PUT_ASIDE", 2)
    assert unequal(verify()) == {}


@pytest.mark.parametrize(
    ("tampering", "name"),
    [
        (
            "UPDATE recommendations_pair SET positive = positive * 1.000001 WHERE (product_id, other_id) ="
            " (SELECT product_id, other_id FROM recommendations_pair WHERE positive > 0 LIMIT 1)",
            "pairs",
        ),
        (
            "DELETE FROM recommendations_visitorevent WHERE (visitor_id, position) = (SELECT visitor_id, min(position)"
            " FROM recommendations_visitorevent GROUP BY visitor_id LIMIT 1)",
            "histories",
        ),
        ("UPDATE recommendations_productcount SET positive = 0 WHERE product_id = 'p1'", "counts"),
        ("INSERT INTO recommendations_producthour VALUES (now(), 'p1', 1)", "hours"),
        (
            "DELETE FROM recommendations_seenevent WHERE key = (SELECT key FROM recommendations_seenevent LIMIT 1)",
            "ids seen",
        ),
        (
            "DELETE FROM recommendations_visitorperson WHERE visitor_id ="
            " (SELECT visitor_id FROM recommendations_visitorperson LIMIT 1)",
            "persons",
        ),
        (
            "UPDATE recommendations_listhour SET clicks = clicks + 1 WHERE (hour, list_id, position) ="
            " (SELECT hour, list_id, position FROM recommendations_listhour LIMIT 1)",
            "lists",
        ),
        (
            "DELETE FROM recommendations_listvisitor WHERE (visitor_id, list_id) ="
            " (SELECT visitor_id, list_id FROM recommendations_listvisitor LIMIT 1)",
            "visitors of lists",
        ),
        (
            "DELETE FROM recommendations_listclick WHERE (visitor_id, product_id) ="
            " (SELECT visitor_id, product_id FROM recommendations_listclick LIMIT 1)",
            "clicks in lists",
        ),
        (
            "UPDATE recommendations_exposurehour SET visitors = visitors + 1 WHERE (arm_id, hour) ="
            " (SELECT arm_id, hour FROM recommendations_exposurehour LIMIT 1)",
            "experiments",
        ),
        (
            "DELETE FROM recommendations_exposure WHERE (visitor_id, experiment_id) ="
            " (SELECT visitor_id, experiment_id FROM recommendations_exposure LIMIT 1)",
            "visitors of experiments",
        ),
        ("UPDATE streaming_batch SET duplicates = duplicates + 1 WHERE batch_id = 1", "duplicates"),
    ],
)
def test_tampering_is_named(folded: Connection, tampering: str, name: str) -> None:
    assert folded.execute(tampering).rowcount == 1
    output, error = refusal()
    assert unequal(output) == {name: 1}
    assert error == f"The live model is not what the log says: see {name} above."
    assert folded.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'rebuild'").fetchone() is None


@pytest.mark.parametrize("batch", [0, 1])
def test_offsets_that_no_batch_holds_are_named(folded: Connection, batch: int) -> None:
    folded.execute(
        "DELETE FROM streaming_batchrange r USING streaming_batch b"
        " WHERE r.batch_id = b.id AND b.batch_id = %s AND r.partition = 2",
        (batch,),
    )
    output, error = refusal()
    assert unequal(output) == {}
    assert "Ledger: partition 2 is applied up to" in output
    assert "the ledger's offsets" in error


def test_pruning_is_told_from_an_error(folded: Connection) -> None:
    (pruned,) = folded.execute("SELECT recommendations_prune_pairs(3)").fetchone() or (0,)
    assert pruned > 0
    output = verify()
    assert f"Pruned from the live pairs so far: {pruned:,} of weight" in output
    folded.execute("UPDATE recommendations_pair SET positive = positive * 0.9 WHERE product_id = 'p1'")
    output, error = refusal()
    assert "which pruning does not explain" in output
    assert "pairs" in error


def test_kafka_that_does_not_answer_is_said(folded: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "SILENCE_SECONDS", 1)
    with override_settings(KAFKA_CLIENT={"bootstrap.servers": "127.0.0.1:1", "log_level": 0}):
        _, error = refusal()
    assert "The log cannot be read" in error
    assert "Is every broker up?" in error
    assert folded.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'rebuild'").fetchone() is None
