"""`rebuild` puts what the log says into the place of the live model, while readers and Spark go on."""

import io
import random
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from streaming.rebuild import catching_up, tables
from streaming.rebuild.again import Rebuild
from tests.conftest import Connection
from tests.streaming.live import Live, live

__all__ = ["live"]

STORAGE = "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"
# Without the order: what was touched last has been weighed anew last.
LISTS = "SELECT product_id, ARRAY(SELECT unnest(other_ids) ORDER BY 1) FROM recommendations_similarproducts ORDER BY 1"
VISITORS = """
    SELECT visitor_id, version, ARRAY(SELECT item->>'productId' FROM jsonb_array_elements(items) item ORDER BY 1), seen
    FROM recommendations_visitorlist ORDER BY 1
"""


@pytest.fixture
def folded(live: Live) -> Live:
    chance = random.Random(7)
    for _ in range(3):
        live.look(*(f"v{n}: " + " ".join(f"p{chance.randrange(12)}" for _ in range(6)) for n in range(10)))
    live.look("v3: p1 p2", event="Order Completed")
    return live


@pytest.fixture
def reader(folded: Live) -> Iterator[Connection]:
    with psycopg.connect(settings.DATABASE_URL) as connection:
        yield connection


def rebuild(*options: str) -> str:
    output = io.StringIO()
    call_command("rebuild", *options, stdout=output)
    return output.getvalue()


def everything(model: Connection) -> list[object]:
    return [
        model.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
        for table in (*tables.FACTS, *tables.LISTS)
    ]


def test_a_model_that_was_tampered_with_is_replaced_by_what_the_log_says(folded: Live) -> None:
    model = folded.connection
    indexes, storage = model.execute(INDEXES).fetchall(), model.execute(STORAGE).fetchall()
    lists, visitors = model.execute(LISTS).fetchall(), model.execute(VISITORS).fetchall()
    model.execute("UPDATE recommendations_pair SET positive = positive * 3 WHERE product_id = 'p1'")
    model.execute("DELETE FROM recommendations_purchase")
    model.execute("UPDATE recommendations_similarproducts SET other_ids = '{}', scores = '{}'")
    model.execute(
        "INSERT INTO recommendations_pruning (at, pairs, positive, negative) VALUES (now(), 1, 1, 0)"
    )
    with pytest.raises(CommandError, match="pairs, purchases"):
        rebuild("--verify")

    told = rebuild()

    assert "Replaced" in told
    assert "it differed in pairs, purchases" in told
    assert "Equal" in rebuild("--verify")
    assert model.execute(LISTS).fetchall() == lists
    assert model.execute(VISITORS).fetchall() == visitors
    assert model.execute(INDEXES).fetchall() == indexes, "a later migration finds them by name"
    assert model.execute(STORAGE).fetchall() == storage
    assert model.execute("SELECT count(*) FROM recommendations_pruning").fetchone() == (0,)
    assert model.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'rebuild'").fetchone() is None
    spark_knew = model.execute("SELECT min(batch_id) FROM recommendations_visitorevent").fetchone()
    assert spark_knew == (0,), "a trace leads to the batch that first folded the event"


def test_the_list_of_who_was_quiet_is_composed_when_it_is_asked_for(folded: Live) -> None:
    folded.look("quiet: p1 p2 p3", ago=timedelta(days=3))
    model = folded.connection
    asked = "SELECT version, seen, jsonb_array_length(items) FROM recommendations_stored_list('quiet')"
    before = model.execute(asked).fetchone()
    rebuild()
    waiting = "SELECT visitor_id FROM recommendations_waitingvisitor"
    assert model.execute(waiting).fetchall() == [("quiet",)]
    assert (
        model.execute("SELECT FROM recommendations_visitorlist WHERE visitor_id = 'quiet'").fetchall() == []
    )
    assert model.execute(asked).fetchone() == before

    folded.look("quiet: p4")
    assert model.execute(waiting).fetchall() == []
    rebuild()
    assert model.execute(waiting).fetchall() == []


def test_the_connection_that_folds_goes_on_with_the_new_tables(folded: Live) -> None:
    rebuild()
    folded.look("v1: p3 p4", "new: p1 p5")
    rebuild()
    folded.look("v1: p6", "newer: p1 p5")
    assert "Equal" in rebuild("--verify")


def test_a_landmark_that_moves_is_followed(folded: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    move = "SELECT recommendations_store_as_of(now() + %s * interval '1 day')"
    folded.connection.execute(move, (1,))
    folded.look("v1: p3 p4")
    assert "Equal" in rebuild("--verify")
    fold_log = Rebuild.fold_log

    def fold_log_while_it_moves(rebuild: Rebuild) -> None:
        fold_log(rebuild)
        folded.connection.execute(move, (2,))

    monkeypatch.setattr(Rebuild, "fold_log", fold_log_while_it_moves)
    assert "it was equal" in rebuild()
    assert "it was equal" in rebuild()


def test_what_comes_while_it_rebuilds_is_in_it(folded: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    derive = catching_up.Follower.derive_lists

    def derive_while_spark_works(follower: catching_up.Follower) -> None:
        folded.look("late: p1 p2 p3")
        derive(follower)
        folded.look("later: p3 p2 p1", "late: p9")

    monkeypatch.setattr(catching_up.Follower, "derive_lists", derive_while_spark_works)
    rebuild()
    model = folded.connection
    assert "Equal" in rebuild("--verify")
    seen: dict[str, list[str]] = dict(
        model.execute("SELECT visitor_id, seen FROM recommendations_visitorlist").fetchall()
    )
    assert seen["late"] == ["p9", "p3", "p2", "p1"]
    assert seen["later"] == ["p1", "p2", "p3"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_whoever_dies_within_the_swap_has_changed_nothing(
    folded: Live, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    exchange = tables.exchange

    def die(connection: Connection, schema: str, *, use: bool) -> None:
        if moment == "after":
            exchange(connection, schema, use=use)
        folded.connection.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
        connection.execute("SELECT 1")

    before = everything(folded.connection)
    monkeypatch.setattr(catching_up, "exchange", die)
    with pytest.raises(psycopg.OperationalError):
        rebuild()
    assert everything(folded.connection) == before
    monkeypatch.undo()
    assert "it was equal" in rebuild(), "what the dead one left is no obstacle"


def test_two_at_once_are_refused(folded: Live, reader: Connection) -> None:
    reader.execute("SELECT pg_advisory_lock(hashtext('recommendations_model'), hashtext('rebuild'))")
    with pytest.raises(CommandError, match="Another rebuild"):
        rebuild()


def test_a_reader_is_waited_for_and_never_stood_in_the_way_of_for_long(
    folded: Live, reader: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "TRIES", 2)
    before = everything(folded.connection)
    reader.execute("SELECT 1 FROM recommendations_pair")
    with pytest.raises(CommandError, match="nothing has changed"):
        rebuild()
    assert everything(folded.connection) == before
    reader.rollback()
    assert "it was equal" in rebuild()
