"""The sink's promise: a batch lands once, whole, from the ledger's offsets on, and only from the newest run."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from pyspark.sql import DataFrame, SparkSession

from streaming.jobs.ledger import Ledger, OffsetGapError, SupersededError
from streaming.jobs.sink import Sink, open_connection
from streaming.jobs.transforms import flatten, parse, validate
from tests.conftest import Connection

APPENDED = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIME = "2026-03-01T11:59:59.123Z"
TOPIC = "activity"
Frame = Callable[..., DataFrame]


@pytest.fixture
def frame(spark: SparkSession) -> Frame:
    """Records of partition 0 from an offset on: (visitor, product), a visitor's tombstone, or bytes as they are."""

    def build(start: int, *records: tuple[str, str] | str | bytes) -> DataFrame:
        rows = []
        for offset, record in enumerate(records, start):
            key, value = (record.encode(), None) if isinstance(record, str) else (None, record)
            if isinstance(record, tuple):
                visitor, product = record
                event = {
                    "eventId": f"e{offset}",
                    "type": "track",
                    "event": "Product Viewed",
                    "productId": product,
                }
                value = json.dumps(
                    event | {"visitorId": visitor, "occurredAt": TIME, "receivedAt": TIME}
                ).encode()
            rows.append((0, offset, APPENDED + timedelta(seconds=offset), key, value))
        schema = "partition int, offset long, timestamp timestamp, key binary, value binary"
        return spark.createDataFrame(rows, schema).transform(parse).transform(validate).transform(flatten)

    return build


class Run:
    """A run of the driver: its ledger, its checkpoint's offset log and its sink."""

    def __init__(self, model: Connection, folder: Path, name: str) -> None:
        self.offsets = folder / name / "offsets"
        self.offsets.mkdir(parents=True)
        self.ledger = Ledger("activity", TOPIC, name)
        self.ledger.claim(model)
        url = psycopg.conninfo.make_conninfo(settings.DATABASE_URL, dbname=model.info.dbname)
        self.connections = 0

        def connect() -> Connection:
            self.connections += 1
            return open_connection(url)

        self.sink = Sink(self.ledger, connect, self.offsets.parent, self.ledger.positions(model))

    def batch(self, batch_id: int, events: DataFrame, end: int) -> None:
        (self.offsets / str(batch_id)).write_text(f"v1\n{{}}\n{json.dumps({TOPIC: {'0': end}})}")
        self.sink(events, batch_id)


@pytest.fixture
def run(model: Connection, tmp_path: Path) -> Callable[[str], Run]:
    return lambda name: Run(model, tmp_path, name)


def state(model: Connection) -> dict[str, Any]:
    """Everything that a batch writes."""
    tables = ("pair", "productcount", "visitorevent", "seenevent", "visitorlist", "changedvisitor")
    written = {
        t: model.execute(f"SELECT * FROM recommendations_{t} ORDER BY 1, 2").fetchall() for t in tables
    }
    written["ledger"] = model.execute("SELECT * FROM streaming_batch ORDER BY id").fetchall()
    written["positions"] = model.execute('SELECT partition, "offset" FROM streaming_position').fetchall()
    return written


def test_batch_lands_with_its_row_in_the_ledger(
    model: Connection, run: Callable[[str], Run], frame: Frame
) -> None:
    run("first").batch(0, frame(0, ("v", "a"), ("v", "b"), b"garbage"), end=4)

    row = model.execute(
        "SELECT batch_id, events, duplicates, rejected, visitors, last_appended_at FROM streaming_batch"
    ).fetchall()
    assert row == [(0, 3, 0, 1, 1, APPENDED + timedelta(seconds=2))]
    ranges = model.execute(
        "SELECT partition, lower(offsets), upper(offsets) FROM streaming_batchrange"
    ).fetchall()
    assert ranges == [(0, 0, 4)]
    assert state(model)["positions"] == [(0, 4)]
    rejected = model.execute('SELECT partition, "offset", reason FROM streaming_rejectedrecord').fetchall()
    assert rejected == [(0, 2, "not a JSON object of the contract")]
    assert {row[:2] for row in state(model)["pair"]} == {("a", "b"), ("b", "a")}


def test_a_tombstone_is_an_event_that_erases(
    model: Connection, run: Callable[[str], Run], frame: Frame
) -> None:
    run("first").batch(0, frame(0, ("v", "a"), ("w", "a"), "v", ("v", "b")), end=4)

    row = model.execute("SELECT events, duplicates, rejected FROM streaming_batch").fetchall()
    assert row == [(4, 0, 0)]
    history = model.execute("SELECT visitor_id, product_id FROM recommendations_visitorevent ORDER BY 1")
    assert history.fetchall() == [("v", "b"), ("w", "a")]
    assert state(model)["pair"] == []


def test_batch_seen_again_changes_nothing(model: Connection, run: Callable[[str], Run], frame: Frame) -> None:
    first = run("first")
    first.batch(0, frame(0, ("v", "a"), ("v", "b")), end=2)
    before = state(model)
    first.batch(0, frame(0, ("v", "a"), ("v", "b")), end=2)
    assert state(model) == before


def test_a_new_run_goes_on_where_the_ledger_ends(
    model: Connection, run: Callable[[str], Run], frame: Frame
) -> None:
    run("first").batch(0, frame(0, ("v", "a")), end=1)
    second = run("second")  # a new checkpoint, so that Spark counts its batches from 0 again
    assert second.sink.start == {0: 1}
    second.batch(0, frame(1, ("v", "b")), end=2)
    assert state(model)["positions"] == [(0, 2)]
    assert len(state(model)["ledger"]) == 2


def test_superseded_run_is_refused(model: Connection, run: Callable[[str], Run], frame: Frame) -> None:
    zombie = run("first")
    zombie.batch(0, frame(0, ("v", "a")), end=1)
    run("second").batch(0, frame(1, ("v", "b")), end=2)
    before = state(model)
    with pytest.raises(SupersededError, match="second"):
        zombie.batch(1, frame(1, ("v", "b")), end=2)
    assert state(model) == before


@pytest.mark.parametrize("begin", [0, 3])
def test_batch_that_repeats_or_skips_offsets_is_refused(
    model: Connection, run: Callable[[str], Run], frame: Frame, begin: int
) -> None:
    first = run("first")
    first.batch(0, frame(0, ("v", "a"), ("v", "b")), end=2)
    before = state(model)
    first.sink.start = {0: begin}
    with pytest.raises(OffsetGapError, match=f"partition 0: {begin} instead of 2"):
        first.batch(1, frame(begin, ("v", "c")), end=begin + 1)
    assert state(model) == before


def test_postgres_itself_refuses_an_offset_twice(
    model: Connection, run: Callable[[str], Run], frame: Frame
) -> None:
    first = run("first")
    first.batch(0, frame(0, ("v", "a"), ("v", "b")), end=2)
    before = state(model)
    model.execute('UPDATE streaming_position SET "offset" = 1')
    first.sink.start = {0: 1}
    with pytest.raises(psycopg.errors.ExclusionViolation):
        first.batch(1, frame(1, ("v", "c")), end=2)
    assert state(model) == before | {"positions": [(0, 1)]}


def test_batch_waits_for_a_postgres_that_dropped_its_connection(
    model: Connection, run: Callable[[str], Run], frame: Frame
) -> None:
    first = run("first")
    first.batch(0, frame(0, ("v", "a")), end=1)
    model.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tributary-spark'"
    )
    first.batch(1, frame(1, ("v", "b")), end=2)
    assert first.connections == 2
    assert state(model)["positions"] == [(0, 2)]


def test_a_driver_stands_by_while_another_is_at_work(model: Connection, run: Callable[[str], Run]) -> None:
    newcomer = Ledger("activity", TOPIC, "newcomer")
    assert not newcomer.is_held(model), "nobody has ever claimed the query"
    run("first")
    assert newcomer.is_held(model)
    model.execute("UPDATE streaming_query SET pid = 2147483647")
    assert not newcomer.is_held(model), "its process on this host is dead"
    model.execute("UPDATE streaming_query SET host = 'elsewhere'")
    assert newcomer.is_held(model)
    model.execute("UPDATE streaming_query SET seen_at = now() - interval '11 seconds'")
    assert not newcomer.is_held(model), "it was not seen for a while"
    assert not Ledger("activity", TOPIC, "first").is_held(model), "it is this run itself"


def test_why_a_run_ended_stands_until_a_batch_lands(
    model: Connection, run: Callable[[str], Run], frame: Frame
) -> None:
    def error() -> str:
        row = model.execute("SELECT error FROM streaming_query").fetchone()
        return str(row and row[0])

    run("first").ledger.report(model, error="out of memory")
    second = run("second")
    second.ledger.report(model)
    assert error() == "out of memory"
    second.batch(0, frame(0, ("v", "a")), end=1)
    assert error() == ""


def test_times_do_not_depend_on_the_zone_of_the_machine(
    model: Connection, run: Callable[[str], Run], frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        run("first").batch(0, frame(0, ("v", "a")), end=1)
    finally:
        monkeypatch.undo()
        time.tzset()
    written = model.execute(
        "SELECT (SELECT appended_at FROM recommendations_visitorevent), last_appended_at FROM streaming_batch"
    ).fetchall()
    assert written == [(APPENDED, APPENDED)]
