"""The outbox against the real Kafka: what is acknowledged is deleted, and nothing else."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from recommendations import outbox
from recommendations.outbox import NotSentError, Outbox
from streaming.topics import topic_name
from tests.conftest import Connection, wait_for
from tests.recommendations.folding import browse
from tests.recommendations.reading import Reader


@pytest.fixture
def reader(topics: str) -> Iterator[Reader]:
    reader = Reader(topic_name("recommendations"))
    yield reader
    reader.consumer.close()


def write_down(model: Connection, *changes: tuple[str, int]) -> None:
    """Rows as a batch writes them, committed."""
    with model.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO recommendations_changedvisitor (visitor_id, version) VALUES (%s, %s)", changes
        )


def send(box: Outbox) -> int:
    """Sends as the relay does: outside the transaction that the test runs in, so that what it does is committed."""

    def send_and_close() -> int:
        try:
            return box.send()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(send_and_close).result(30)


@dataclass
class Producing:
    """As much of a producer as the outbox uses."""

    produce: Callable[..., None]
    flush: Callable[[float], int]


def rows(model: Connection) -> list[str]:
    found = model.execute("SELECT visitor_id FROM recommendations_changedvisitor ORDER BY id").fetchall()
    return [visitor for (visitor,) in found]


def test_each_visitor_is_told_once_with_the_newest_version(model: Connection, reader: Reader) -> None:
    write_down(model, ("anna", 1), ("bert", 5), ("anna", 3), ("anna", 2))

    assert send(Outbox()) == 4

    wait_for(lambda: len(reader.read()) >= 2)
    assert sorted(reader.records) == [
        ("anna", {"visitorId": "anna", "version": 3}),
        ("bert", {"visitorId": "bert", "version": 5}),
    ]


def test_what_a_batch_wrote_down_is_what_is_told(model: Connection, reader: Reader) -> None:
    browse(model, "anna: tea-1 mug-1")
    (version,) = model.execute("SELECT version FROM recommendations_visitorlist").fetchone() or ()
    send(Outbox())
    assert wait_for(reader.read) == [("anna", {"visitorId": "anna", "version": version})]


@pytest.mark.usefixtures("topics")
def test_rows_are_deleted_only_after_the_acknowledgement(
    model: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_down(model, ("anna", 1), ("bert", 1))
    box = Outbox()
    flush = box.producer.flush
    seen: list[list[str]] = []

    def flush_and_look(timeout: float) -> int:
        waiting = flush(timeout)
        seen.append(rows(model))
        return waiting

    monkeypatch.setattr(box, "producer", Producing(box.producer.produce, flush_and_look))
    assert send(box) == 2
    assert seen == [["anna", "bert"]]
    assert rows(model) == []


def test_more_than_one_message_takes_is_sent_in_turns(
    model: Connection, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_ROWS", 2)
    write_down(model, ("anna", 1), ("bert", 1), ("carl", 1))
    box = Outbox()
    assert [send(box), send(box), send(box)] == [2, 1, 0]
    wait_for(lambda: {key for key, _ in reader.read()} == {"anna", "bert", "carl"})


@pytest.mark.usefixtures("away")
def test_rows_wait_while_kafka_is_away(model: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "DELIVERY_SECONDS", 1)
    write_down(model, ("anna", 1), ("bert", 1))
    with pytest.raises(NotSentError, match=r"\w"):
        send(Outbox())
    assert rows(model) == ["anna", "bert"]


def test_row_that_another_relay_holds_is_left_alone(model: Connection, reader: Reader) -> None:
    write_down(model, ("anna", 1), ("bert", 1), ("carl", 1))
    address = psycopg.conninfo.make_conninfo(settings.DATABASE_URL, dbname=model.info.dbname)
    with psycopg.connect(address) as other:
        other.execute("SELECT 1 FROM recommendations_changedvisitor WHERE visitor_id = 'bert' FOR UPDATE")
        assert send(Outbox()) == 2
        wait_for(lambda: {key for key, _ in reader.read()} == {"anna", "carl"})
    assert send(Outbox()) == 1
    wait_for(lambda: [key for key, _ in reader.read()].count("bert") == 1)


def test_notice_reads_back_as_it_was_written(model: Connection, reader: Reader) -> None:
    odd = 'ümläut " \\ \U0001f375'
    write_down(model, (odd, 2**53))
    send(Outbox())
    ((key, value),) = wait_for(reader.read)
    assert (key, value) == (odd, {"visitorId": odd, "version": 2**53})
