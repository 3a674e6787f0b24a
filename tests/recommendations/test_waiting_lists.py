"""Lists that a batch has no time to derive: readers see what is right, and later batches derive the rest."""

from datetime import timedelta
from typing import Any

from recommendations.selectors import list_for_visitor, version_of_list
from tests.conftest import Connection
from tests.recommendations.folding import START, browse, erased, fold
from tests.recommendations.reference import Done

NONE = timedelta(0)
TOGETHER = ("w1: tea-1 mug-1", "w2: tea-1 mug-1", "w3: tea-1 cake-1")


def rows(model: Connection, query: str) -> list[tuple[Any, ...]]:
    return model.execute(query).fetchall()


def look(visitor: str, product: str, offset: int) -> Done:
    at = START + timedelta(seconds=offset)
    return Done(visitor, f"{visitor} {product} {offset}", "Product Viewed", (product,), at, 0, offset)


def test_list_that_waits_is_composed_for_who_reads_it(model: Connection, goods: None) -> None:
    browse(model, *TOGETHER)
    browse(model, "v: cake-1", batch=2)
    stored = list_for_visitor("v")
    model.execute("DELETE FROM recommendations_changedvisitor")

    fold(model, [look("v", "tea-1", 9000)], patience=NONE)

    told = rows(model, "SELECT visitor_id, version FROM recommendations_changedvisitor")
    assert told == [("v", version_of_list("v"))]
    waiting = list_for_visitor("v")
    assert waiting["version"] == version_of_list("v") > stored["version"]
    assert waiting["asOf"] > stored["asOf"]
    assert waiting["items"][0]["productId"] == "mug-1"
    assert waiting["items"][0]["trace"]["eventId"] == "v tea-1 9000"

    fold(model, [look("other", "tea-1", 9001)])
    assert rows(model, "SELECT visitor_id FROM recommendations_waitingvisitor") == [("v",)]
    fold(model, [look("v", "tea-1", 9002)])
    assert rows(model, "SELECT 1 FROM recommendations_waitingvisitor") == []
    derived = list_for_visitor("v")
    assert derived["version"] > waiting["version"]
    assert [item["productId"] for item in derived["items"]] == [i["productId"] for i in waiting["items"]]


def test_products_that_wait_are_derived_later_those_that_wait_longest_first(model: Connection) -> None:
    many = " ".join(f"p{n}" for n in range(201))
    browse(model, f"w: {many}")
    assert rows(model, "SELECT 1 FROM recommendations_waitingproduct") == []
    as_stored = rows(model, "SELECT * FROM recommendations_similarproducts ORDER BY 1")

    crowd = [look("x", f"p{n}", 9000 + n) for n in range(201)]
    fold(model, [*crowd, look("x", "unheard-of", 9300)], patience=NONE)
    assert rows(model, "SELECT count(*) FROM recommendations_waitingproduct") == [(202,)]
    assert rows(model, "SELECT * FROM recommendations_similarproducts ORDER BY 1") == as_stored

    # The first that is derived is the one that was never derived at all.
    first = rows(model, "SELECT product_id FROM recommendations_waitingproduct ORDER BY since LIMIT 1")
    assert first == [("unheard-of",)]
    fold(model, [look("y", "p0", 9400)])
    assert rows(model, "SELECT 1 FROM recommendations_waitingproduct") == []
    outdated = rows(
        model,
        """
        SELECT product_id FROM recommendations_similarproducts stored
        WHERE other_ids::text[] <> ARRAY(SELECT other_id FROM recommendations_similar(stored.product_id, stored.as_of))
        """,
    )
    assert outdated == []


def test_nothing_of_the_erased_waits(model: Connection) -> None:
    browse(model, *TOGETHER)
    browse(model, "v: tea-1", batch=2)
    fold(model, [look("v", "mug-1", 8000), erased("v", 8001), look("v", "cake-1", 8002)], patience=NONE)
    stored = rows(model, "SELECT seen FROM recommendations_visitorlist WHERE visitor_id = 'v'")
    assert stored == [(["cake-1"],)]
    assert rows(model, "SELECT 1 FROM recommendations_waitingvisitor") == []
