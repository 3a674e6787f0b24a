"""The relay as a process: what a batch wrote down reaches Kafka at once, and also after a crash."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streaming.topics import topic_name
from tests.conftest import Connection, wait_for
from tests.recommendations.conftest import environment
from tests.recommendations.folding import browse
from tests.recommendations.processes import Process
from tests.recommendations.reading import Reader

__all__ = ["environment"]


@pytest.fixture
def reader(topics: str) -> Iterator[Reader]:
    reader = Reader(topic_name("recommendations"))
    yield reader
    reader.consumer.close()


def told(reader: Reader) -> list[str]:
    return [visitor for visitor, _ in reader.read()]


def waiting(model: Connection) -> int:
    (rows,) = model.execute("SELECT count(*) FROM recommendations_changedvisitor").fetchone() or (0,)
    return int(rows)


def test_changes_are_sent_as_soon_as_their_batch_commits(
    model: Connection, environment: dict[str, str], reader: Reader, tmp_path: Path
) -> None:
    with Process("relay", environment, tmp_path):
        browse(model, "first: tea-1")
        wait_for(lambda: told(reader) == ["first"])
        began = time.monotonic()
        browse(model, "anna: tea-1", "bert: tea-1", batch=2)
        wait_for(lambda: sorted(told(reader)) == ["anna", "bert", "first"], seconds=5)
        # Its own look at the table comes only once a second: this was the notice.
        assert time.monotonic() - began < 1
        wait_for(lambda: waiting(model) == 0)


def test_what_was_written_while_it_was_dead_is_sent_when_it_is_back(
    model: Connection, environment: dict[str, str], reader: Reader, tmp_path: Path
) -> None:
    with Process("relay", environment, tmp_path) as relay:
        browse(model, "before: tea-1")
        wait_for(lambda: told(reader) == ["before"])
        relay.kill()
        browse(model, "meanwhile: tea-1", batch=2)
        assert told(reader) == ["before"]
        assert waiting(model) == 1
        with Process("relay", environment, tmp_path):
            wait_for(lambda: told(reader) == ["before", "meanwhile"])
        wait_for(lambda: waiting(model) == 0)


def test_it_waits_for_a_postgres_that_dropped_its_connection(
    model: Connection, environment: dict[str, str], reader: Reader, tmp_path: Path
) -> None:
    (before,) = model.execute("SELECT clock_timestamp()").fetchone() or ()
    with Process("relay", environment, tmp_path) as relay:
        model.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_start > %s",
            (before,),
        )
        relay.wait_for_notice("cannot relay")
        browse(model, "anna: tea-1")
        wait_for(lambda: told(reader) == ["anna"])
        assert relay.said().count("Cannot relay") == 1


def test_it_ends_when_it_is_asked_to(environment: dict[str, str], tmp_path: Path) -> None:
    with Process("relay", environment, tmp_path) as relay:
        assert relay.terminate() == 0
