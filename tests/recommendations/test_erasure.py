"""A tombstone in the log: what the visitor did before is gone, and what comes after is somebody new."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from recommendations.selectors import list_for_visitor
from tests.conftest import Connection
from tests.recommendations.conftest import Rank
from tests.recommendations.folding import START, browse, erased, fold, known
from tests.recommendations.reference import Done
from tests.recommendations.sockets import of_visitor, wake
from tests.recommendations.test_persons import at, told


@pytest.fixture
def visitor(model: Connection, goods: None) -> str:
    """A visitor of their own, since the channel layer is shared, known and with a list."""
    visitor_id = f"v-{uuid4()}"
    browse(model, "w1: tea-1 mug-1", "w2: tea-1 mug-1", f"{visitor_id}: tea-1")
    fold(model, [known(visitor_id, "anna", 2000)])
    told(model)
    return visitor_id


def products(model: Connection, visitor: str) -> list[str]:
    rows = model.execute(
        "SELECT product_id FROM recommendations_visitorevent WHERE visitor_id = %s ORDER BY position",
        (visitor,),
    )
    return [product for (product,) in rows]


def test_nothing_of_the_visitor_is_left_and_the_sums_stay(model: Connection, visitor: str) -> None:
    counts = model.execute("SELECT * FROM recommendations_productcount ORDER BY 1").fetchall()
    pairs = model.execute("SELECT * FROM recommendations_pair ORDER BY 1, 2").fetchall()

    assert tuple(fold(model, [erased(visitor, 3000)])) == (0, 0), (
        "neither a duplicate nor a visitor with a product"
    )

    assert products(model, visitor) == []
    assert model.execute("SELECT * FROM recommendations_visitorperson").fetchall() == []
    assert model.execute(
        "SELECT items, events FROM recommendations_visitorlist WHERE visitor_id = %s", (visitor,)
    ).fetchall() == [([], [])]
    assert model.execute("SELECT * FROM recommendations_productcount ORDER BY 1").fetchall() == counts
    assert model.execute("SELECT * FROM recommendations_pair ORDER BY 1, 2").fetchall() == pairs


def test_what_comes_after_in_the_same_batch_begins_anew(model: Connection, visitor: str) -> None:
    pairs = model.execute("SELECT * FROM recommendations_pair ORDER BY 1, 2").fetchall()

    def look(product: str, second: int) -> Done:
        at = START + timedelta(seconds=second)
        return Done(visitor, f"after {second}", "Product Viewed", (product,), at, 0, second)

    fold(model, [erased(visitor, 3000), look("tea-2", 3001), erased(visitor, 3002), look("cake-1", 3003)])

    assert products(model, visitor) == ["cake-1"]
    assert model.execute("SELECT * FROM recommendations_pair ORDER BY 1, 2").fetchall() == pairs


async def test_an_open_page_shows_what_everybody_is_shown(
    model: Connection, visitor: str, rank: Rank
) -> None:
    rank(popular=["tea-2"])
    async with of_visitor(visitor) as socket:
        shown = await socket.next_list()
        assert [item["productId"] for item in shown["items"]] == ["mug-1", "tea-2"]
        await asyncio.to_thread(fold, model, [erased(visitor, 3000)])
        assert told(model) == {visitor: at(3000)}
        await wake(visitor)
        emptied = await socket.next_list()
    assert emptied["version"] == at(3000) > shown["version"], "else the page would keep the old one"
    assert [item["productId"] for item in emptied["items"]] == ["tea-2"]
    assert emptied["items"][0]["reason"]["kind"] == "popular"


def test_the_emptied_list_goes_when_no_page_can_still_show_the_old_one(
    model: Connection, visitor: str
) -> None:
    fold(model, [erased(visitor, 3000)])

    def clean_up() -> int:
        row = model.execute("SELECT lists FROM recommendations_clean_up('{}')").fetchone()
        return int(row[0]) if row else 0

    assert clean_up() == 0
    model.execute("UPDATE recommendations_visitorlist SET as_of = as_of - interval '61 minutes'")
    assert clean_up() == 1
    assert list_for_visitor(visitor)["version"] == 0
    assert list_for_visitor("w1")["version"] > 0


def test_one_who_was_never_listed_is_not_listed_by_it(model: Connection) -> None:
    fold(model, [erased("unknown", 3000)])
    assert model.execute("SELECT * FROM recommendations_visitorlist").fetchall() == []
    assert told(model) == {}


def test_an_event_sent_again_after_it_stays_a_duplicate(model: Connection, goods: None) -> None:
    (looked,) = browse(model, "v: tea-1")
    assert fold(model, [erased("v", 1500), looked])[0] == 1
    assert products(model, "v") == []
