"""One person's browsers: their histories are read together, and nothing else changes by it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recommendations.selectors import list_for_visitor
from tests.conftest import Connection
from tests.recommendations.folding import START, browse, erased, fold, known
from tests.recommendations.reference import Done

TOGETHER = ("w1: tea-1 mug-1", "w2: tea-1 mug-1", "w3: cake-1 tea-2", "w4: cake-1 tea-2")

pytestmark = pytest.mark.usefixtures("goods")


def suggested(model: Connection, visitor: str) -> set[str]:
    """What the visitor's stored list holds."""
    row = model.execute(
        "SELECT items FROM recommendations_visitorlist WHERE visitor_id = %s", (visitor,)
    ).fetchone()
    return {item["productId"] for item in row[0]} if row else set()


def version(model: Connection, visitor: str) -> int:
    row = model.execute(
        "SELECT version FROM recommendations_visitorlist WHERE visitor_id = %s", (visitor,)
    ).fetchone()
    return int(row[0]) if row else 0


def at(second: int) -> int:
    """The version of a list whose newest event was appended so many seconds after the start."""
    return int((START + timedelta(seconds=second)).timestamp() * 1000)


def told(model: Connection) -> dict[str, int]:
    """Who is to be told, with the version; none of them is left afterwards."""
    rows = model.execute("DELETE FROM recommendations_changedvisitor RETURNING id, visitor_id, version")
    return {visitor: version for _, visitor, version in sorted(rows)}


def sums(model: Connection) -> list[list[tuple[Any, ...]]]:
    return [
        model.execute(f"SELECT * FROM recommendations_{table} ORDER BY 1, 2").fetchall()
        for table in ("pair", "productcount", "producthour")
    ]


def two_browsers(model: Connection) -> None:
    """One person at the phone and at the desk, known at neither yet."""
    browse(model, *TOGETHER, "phone: tea-1")
    browse(model, "desk: cake-1", batch=2)
    assert (suggested(model, "phone"), suggested(model, "desk")) == ({"mug-1"}, {"tea-2"})
    told(model)


def test_joining_keeps_the_recommendations_of_both_browsers(model: Connection) -> None:
    two_browsers(model)
    before = sums(model)

    fold(model, [known("phone", "anna", 3000)])
    assert (suggested(model, "phone"), suggested(model, "desk")) == ({"mug-1"}, {"tea-2"})
    fold(model, [known("desk", "anna", 3001)])

    assert suggested(model, "phone") == suggested(model, "desk") == {"mug-1", "tea-2"}
    assert sums(model) == before
    titles = [item["title"] for item in list_for_visitor("phone")["items"]]
    assert titles == ["Tea number 2", "Mug number 1"], "the desk's event is the newer one"


def test_joining_tells_the_open_pages_of_both(model: Connection) -> None:
    two_browsers(model)
    fold(model, [known("phone", "anna", 3000)])
    assert told(model) == {"phone": at(3000)}
    fold(model, [known("desk", "anna", 3001)])
    assert told(model) == {"phone": at(3001), "desk": at(3001)}
    assert version(model, "phone") == version(model, "desk") == at(3001)


def test_what_is_done_on_one_browser_moves_the_list_of_the_other(model: Connection) -> None:
    two_browsers(model)
    fold(model, [known("phone", "anna", 3000), known("desk", "anna", 3001)])
    told(model)
    (looked,) = browse(model, "phone: tea-2", batch=4)

    assert suggested(model, "desk") == {"mug-1"}, "cake was looked at here, its neighbour there"
    assert told(model) == {"phone": at(4000), "desk": at(4000)}
    moved = list_for_visitor("desk")["items"][0]["trace"]
    assert moved["eventId"] != looked.event_id
    events = model.execute("SELECT events FROM recommendations_visitorlist WHERE visitor_id = 'desk'")
    assert events.fetchall()[0][0][0]["eventId"] == looked.event_id


def test_a_browser_without_a_history_is_given_the_persons_list(model: Connection) -> None:
    two_browsers(model)
    fold(model, [known("phone", "anna", 3000), known("new", "anna", 3001)])
    assert suggested(model, "new") == {"mug-1"}
    fold(model, [known("nobody's", "bert", 3002)])
    assert version(model, "nobody's") == 0, "there is nothing to list"
    assert "nobody's" not in told(model)


def test_being_known_again_by_every_event_derives_nothing(model: Connection) -> None:
    two_browsers(model)
    fold(model, [known("phone", "anna", 3000), known("desk", "anna", 3001)])
    told(model)
    fold(model, [known("phone", "anna", 3002)])
    assert told(model) == {}


def test_the_newest_person_counts_and_the_one_left_is_told(model: Connection) -> None:
    two_browsers(model)
    fold(model, [known("phone", "anna", 3000), known("desk", "anna", 3001)])
    told(model)
    fold(model, [known("desk", "anna", 3002), known("desk", "bert", 3003)])

    assert (suggested(model, "phone"), suggested(model, "desk")) == ({"mug-1"}, {"tea-2"})
    assert told(model) == {"phone": at(3003), "desk": at(3003)}
    row = model.execute(
        "SELECT person_id, \"offset\" FROM recommendations_visitorperson WHERE visitor_id = 'desk'"
    )
    assert row.fetchone() == ("bert", 3003)


@pytest.mark.parametrize("wrong", ["duplicate", "bot"])
def test_who_a_duplicate_or_a_bot_says_to_be_joins_nobody(model: Connection, wrong: str) -> None:
    two_browsers(model)
    fold(model, [known("phone", "anna", 3000), known("desk", "bert", 3001)])
    event = known("desk", "anna", 3002)
    if wrong == "bot":
        event = replace(event, left_out=True)
    else:
        event = replace(event, event_id=known("desk", "bert", 3001).event_id)
    fold(model, [event])
    assert suggested(model, "desk") == {"tea-2"}


def test_so_many_visitors_of_a_person_are_read_together_and_no_more(model: Connection) -> None:
    two_browsers(model)
    fold(model, [known("phone", "anna", 3000)])
    fold(model, [known(f"x{number}", "anna", 3001 + number) for number in range(20)])
    told(model)
    assert suggested(model, "x19") == set(), "the phone is the twenty-first"
    browse(model, "x7: cake-1", batch=4)
    assert set(told(model)) == {f"x{number}" for number in range(20)}
    assert suggested(model, "x19") == {"tea-2"}
    assert suggested(model, "phone") == {"mug-1"}


def test_erasing_one_browser_takes_its_part_out_of_the_others_lists(model: Connection) -> None:
    two_browsers(model)
    fold(model, [known("old", "anna", 2999), known("phone", "anna", 3000), known("desk", "anna", 3001)])
    fold(model, [known(f"x{number}", "anna", 3002 + number) for number in range(19)])
    browse(model, "old: mug-5", batch=4)  # the twenty-second of them, whose list names the desk's event
    told(model)

    fold(model, [erased("desk", 5000)])

    assert suggested(model, "phone") == {"mug-1"}
    assert told(model)["phone"] == at(5000)
    lists = model.execute("SELECT visitor_id, events FROM recommendations_visitorlist").fetchall()
    assert "old" not in dict(lists)
    assert "cake-1" not in {e["productId"] for visitor, events in lists for e in events if visitor[0] != "w"}


def test_a_remembered_person_costs_no_event_its_order(model: Connection) -> None:
    """Across partitions the time of appending decides, however late a partition is read."""
    browse(model, *TOGETHER)
    fold(model, [known("phone", "anna", 3000), known("desk", "anna", 3001)])
    newer = Done("phone", "n", "Product Viewed", ("cake-1",), START + timedelta(seconds=5000), 1, 7)
    older = Done("desk", "o", "Product Viewed", ("tea-1",), START + timedelta(seconds=4000), 0, 9000)
    fold(model, [newer])
    fold(model, [older])

    for visitor in ("phone", "desk"):
        row = model.execute(
            "SELECT events, version FROM recommendations_visitorlist WHERE visitor_id = %s", (visitor,)
        ).fetchone()
        assert row is not None
        assert [event["productId"] for event in row[0]] == ["cake-1", "tea-1"]
        assert row[1] == at(5000)
