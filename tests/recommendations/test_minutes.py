"""What the fold made of the events, minute by minute; and what is left out of the model."""

from datetime import timedelta
from typing import Any

from tests.conftest import Connection
from tests.recommendations.folding import START, erased, fold
from tests.recommendations.reference import Done

MINUTE = timedelta(minutes=1)


def look(
    number: int,
    *,
    at: timedelta = timedelta(),
    name: str = "Product Viewed",
    source: str | None = None,
    left_out: bool = False,
) -> Done:
    """Event number so-and-so of one visitor."""
    products = (f"p{number}",)
    return Done(
        "v", f"e{number}", name, products, START + at, offset=number, source=source, left_out=left_out
    )


def minutes(model: Connection) -> list[tuple[Any, ...]]:
    return model.execute(
        "SELECT * FROM recommendations_foldedminute ORDER BY minute, source, event"
    ).fetchall()


def test_events_are_counted_by_minute_source_and_name(model: Connection) -> None:
    fold(model, [look(1, source="shop"), look(2, source="shop", at=MINUTE / 2), look(3)])
    fold(
        model,
        [
            look(4, source="shop", name="page", at=MINUTE * 0.9),
            look(5, source="shop", at=MINUTE * 0.99),
            look(6, source="shop", at=MINUTE),
        ],
    )
    assert minutes(model) == [
        (START, "", "Product Viewed", 1, 0, 0),
        (START, "shop", "Product Viewed", 3, 0, 0),
        (START, "shop", "page", 1, 0, 0),
        (START + MINUTE, "shop", "Product Viewed", 1, 0, 0),
    ]


def test_duplicates_are_counted_where_they_came_from(model: Connection) -> None:
    fold(model, [look(1, source="shop"), look(1, source="app", at=MINUTE)])
    fold(model, [look(1, source="app", at=MINUTE), look(2, source="app", at=MINUTE)])
    assert minutes(model) == [
        (START, "shop", "Product Viewed", 1, 0, 0),
        (START + MINUTE, "app", "Product Viewed", 3, 2, 0),
    ]


def test_what_is_left_out_is_counted_and_teaches_nothing(model: Connection) -> None:
    assert fold(model, [look(1, left_out=True), look(2, left_out=True)])[1] == 0
    assert minutes(model) == [(START, "", "Product Viewed", 2, 0, 2)]
    for table in ("visitorevent", "pair", "productcount", "producthour", "visitorlist", "changedvisitor"):
        assert model.execute(f"SELECT * FROM recommendations_{table}").fetchall() == [], table


def test_what_was_left_out_is_a_duplicate_when_it_comes_again(model: Connection) -> None:
    assert fold(model, [look(1, left_out=True), look(1, at=MINUTE)])[0] == 1
    assert fold(model, [look(1, left_out=True, at=2 * MINUTE)])[0] == 1
    assert minutes(model)[1:] == [
        (START + MINUTE, "", "Product Viewed", 1, 1, 0),
        (START + 2 * MINUTE, "", "Product Viewed", 1, 1, 0),
    ]


def test_a_tombstone_is_no_event_of_a_minute(model: Connection) -> None:
    fold(model, [erased("v", 0)])
    assert minutes(model) == []


def test_names_beyond_a_hundred_are_counted_together(model: Connection) -> None:
    fold(model, [look(n, name=f"name {n:03}", source="shop") for n in range(90)])
    fold(
        model, [look(n, name=f"name {n:03}", source="shop") for n in range(90, 130)] + [look(0, source="app")]
    )
    fold(model, [look(1000, name="name 005", source="shop"), look(1001, name="name 500", source="shop")])
    counted = {event: events for _, source, event, events, *_ in minutes(model) if source == "shop"}
    assert len(counted) == 101
    assert (counted["name 005"], counted["name 099"], counted["(other)"]) == (2, 1, 31)
    assert sum(counted.values()) == 132


def test_events_count_by_when_they_were_received_too(model: Connection) -> None:
    fold(model, [look(1), look(2), look(1, at=MINUTE)])
    fold(model, [look(3, left_out=True), erased("v", 5)])
    received = model.execute("SELECT sum(events)::int FROM recommendations_receivedminute").fetchall()
    assert received == [(4,)], "duplicates and what is left out too, and no tombstone"
