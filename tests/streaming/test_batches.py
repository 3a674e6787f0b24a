"""Property: whatever the batches' borders, replays, failures and restarts, and in whatever order partitions are read,
the same log gives the same facts, through the real sink and ledger."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import cast
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connection as django_connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, Row

from streaming.jobs.fold import Connection, copy_events, fold
from streaming.jobs.ledger import Ledger
from streaming.jobs.sink import Sink, open_connection
from tests.conftest import MODEL_TABLES
from tests.recommendations.folding import START
from tests.recommendations.reference import Done, Model
from tests.recommendations.test_fold import assert_same, facts, nonzero
from tracking.events import format_timestamp

TOPIC = "activity"
PARTITIONS = 2
GAPS = [timedelta(0), timedelta(0), timedelta(milliseconds=1), timedelta(minutes=40), timedelta(hours=13)]
COLUMNS = (
    *("partition", "offset", "appended_at", "visitor_id", "event_id", "event", "occurred_at", "received_at"),
    *("product_ids", "person_id", "source", "left_out", "origin", "list_id", "positions", "reason"),
)


@dataclass
class Batch:
    """One call of the sink, and what becomes of it."""

    takes: tuple[int, int]
    """How many records of each partition, where there are as many."""
    fails_first: bool
    """Its first try is rolled back after the fold."""
    seen_again: bool
    """Spark repeats it after it has landed."""
    restarts: bool
    """The driver that comes after it is a new one."""


kinds = st.sampled_from(
    ["Product Viewed", "Product Viewed", "Product Added", "Order Completed", "Product Removed", "identify"]
)
products = st.lists(st.sampled_from([f"p{n}" for n in range(6)]), min_size=1, max_size=3, unique=True)
batches = st.lists(
    st.builds(
        Batch,
        takes=st.tuples(st.integers(0, 12), st.integers(0, 12)),
        fails_first=st.booleans(),
        seen_again=st.booleans(),
        restarts=st.booleans(),
    ),
    max_size=10,
)


@st.composite
def logs(draw: st.DrawFn) -> list[Done]:
    """Records of a few visitors: new ones, ones sent again at any time, tombstones."""
    events: list[Done] = []
    at, ends = START, [0] * PARTITIONS
    for number in range(draw(st.integers(0, 40))):
        at += draw(st.sampled_from(GAPS))
        if events and draw(st.integers(0, 3)) == 0:
            event = draw(st.sampled_from(events))
        else:
            visitor, kind = draw(st.integers(0, 3)), draw(kinds)
            event = Done(
                f"v{visitor}",
                f"e{number}",
                kind,
                () if kind == "identify" else tuple(draw(products)),
                at,
                visitor % PARTITIONS,
                person=draw(st.sampled_from([None, None, "u1", "u2"])),
                source=draw(st.sampled_from([None, "shop"])),
                left_out=draw(st.integers(0, 9)) == 0,
                erases=draw(st.integers(0, 9)) == 0,
            )
        events.append(replace(event, at=at, offset=ends[event.partition]))
        ends[event.partition] += 1
    return events


@dataclass
class Read:
    """What a batch's DataFrame is to the sink."""

    rows: list[Row]

    def collect(self) -> list[Row]:
        return self.rows


def row_of(event: Done) -> Row:
    told = format_timestamp(event.at)
    known = (None,) * 5 if event.erases else (event.event_id, event.event, told, told, list(event.products))
    values = (
        *(event.partition, event.offset, told, event.visitor),
        *known,
        *(event.person, event.source, event.left_out, None, None, None, None),
    )
    return Row(*COLUMNS)(*values)


class Driver:
    """A run of the application as far as Postgres sees it: its batches count from 0, from the ledger's positions on."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.connection = connection
        name = uuid4().hex
        self.offsets = folder / name / "offsets"
        self.offsets.mkdir(parents=True)
        ledger = Ledger("activity", TOPIC, name)
        ledger.claim(connection)
        self.sink = Sink(ledger, lambda: connection, self.offsets.parent, ledger.positions(connection))
        self.ids = count()

    def run(self, batch: Batch, events: list[Done], end: dict[int, int]) -> None:
        number = next(self.ids)
        text = json.dumps({TOPIC: {str(p): offset for p, offset in end.items()}})
        (self.offsets / str(number)).write_text(f"v1\n{{}}\n{text}")
        rows = [row_of(event) for event in events]
        if batch.fails_first:
            with self.connection.transaction(force_rollback=True):
                copy_events(self.connection, (row[:-1] for row in rows))
                fold(self.connection, number, TOPIC)
        begun = self.sink.start
        self.sink(cast(DataFrame, Read(rows)), number)
        if batch.seen_again:
            self.sink.start = begun
            self.sink(cast(DataFrame, Read(rows)), number)


@pytest.fixture(scope="module")
def connection(django_db_setup: None) -> Iterator[Connection]:
    """To the tests' database, as the sink has it."""
    name = str(django_connection.settings_dict["NAME"])
    assert name.startswith("test_")
    opened = open_connection(psycopg.conninfo.make_conninfo(settings.DATABASE_URL, dbname=name))
    yield opened
    empty(opened)
    opened.close()


def empty(connection: Connection) -> None:
    for table in MODEL_TABLES:
        connection.execute(f"DELETE FROM {table}")


@pytest.mark.django_db
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(log=logs(), plan=batches)
def test_facts_depend_on_the_log_alone(
    connection: Connection, tmp_path_factory: pytest.TempPathFactory, log: list[Done], plan: list[Batch]
) -> None:
    folder = tmp_path_factory.mktemp("batches", numbered=True)
    rest = [[event for event in log if event.partition == p] for p in range(PARTITIONS)]
    whole = Batch((len(log), len(log)), fails_first=False, seen_again=False, restarts=False)

    empty(connection)
    Driver(connection, folder).run(whole, log, {p: len(records) for p, records in enumerate(rest)})
    expected = facts(connection)

    empty(connection)
    driver = Driver(connection, folder)
    end = dict.fromkeys(range(PARTITIONS), 0)
    for batch in (*plan, whole):
        taken: list[Done] = []
        for p, most in enumerate(batch.takes):
            some, rest[p] = rest[p][:most], rest[p][most:]
            taken += some
            end[p] += len(some)
        driver.run(batch, taken, end)
        if batch.restarts:
            driver = Driver(connection, folder)

    found = facts(connection)
    assert_same(found, expected)
    defined = Model()
    defined.fold(log)
    assert nonzero(found["pairs"]) == pytest.approx(nonzero(defined.pairs), rel=1e-9)
    assert nonzero(found["together"]) == pytest.approx(nonzero(defined.together), rel=1e-9)
    assert found["purchases"] == [(*key, *bought) for key, bought in sorted(defined.purchases.items())]
    duplicates = connection.execute("SELECT coalesce(sum(duplicates), 0) FROM streaming_batch").fetchone()
    assert duplicates == (defined.duplicates,)
