"""What visitors look at by where they came from."""

from datetime import timedelta

import pytest

from tests.conftest import Connection
from tests.recommendations.folding import START, erased, fold
from tests.recommendations.reference import Done


def look(visitor: str, product: str, second: int, origin: str | None = None, event_id: str = "") -> Done:
    at = START + timedelta(seconds=second)
    products = (product,) if product else ()
    event_id = event_id or f"{visitor} {second}"
    return Done(visitor, event_id, "Product Viewed", products, at, 0, second, origin=origin)


def counted(model: Connection) -> dict[tuple[str, str], float]:
    rows = model.execute("SELECT origin, product_id, weight FROM recommendations_originday").fetchall()
    return {(origin, product): weight for origin, product, weight in rows}


EVENTS = [
    look("direct", "tea", 1),
    look("reader", "", 2, "blog"),
    look("reader", "tea", 3),
    look("reader", "mug", 4, "newsletter"),
    look("reader", "mug", 5, "ignored", event_id="reader 4"),
    look("reader", "cake", 6),
    look("other", "tea", 7, "blog"),
    erased("reader", 8),
    look("reader", "pot", 9),
    look("reader", "pot", 10, "search"),
]
EXPECTED = {
    ("blog", "tea"): 2,
    ("newsletter", "mug"): 1,
    ("newsletter", "cake"): 1,
    ("search", "pot"): 1,
}


@pytest.mark.parametrize("size", [1, 3, len(EVENTS)])
def test_what_is_looked_at_counts_for_the_last_origin_in_any_batches(model: Connection, size: int) -> None:
    for n in range(0, len(EVENTS), size):
        fold(model, EVENTS[n : n + size])

    assert counted(model) == EXPECTED
    rows = model.execute("SELECT visitor_id, origin FROM recommendations_visitororigin ORDER BY 1").fetchall()
    assert rows == [("other", "blog"), ("reader", "search")]


def test_a_flood_of_origins_is_counted_under_one_name(model: Connection) -> None:
    fold(model, [look(f"v{n}", "tea", n, f"origin-{n:03}") for n in range(150)])
    fold(model, [look(f"w{n}", "tea", 200 + n, f"origin-{n:03}") for n in range(100, 260)])

    weights = counted(model)
    assert len(weights) == 201
    assert weights["(other)", "tea"] == 60
    assert weights["origin-120", "tea"] == 2


def test_what_is_popular_there_is_ranked(model: Connection) -> None:
    fold(model, EVENTS + [look("third", "mug", 20 + n, "blog") for n in range(3)])
    model.execute("SELECT recommendations_refresh_origins(%s, 50)", [START])

    rows = model.execute(
        "SELECT category, product_id, score FROM recommendations_rankedproduct"
        " WHERE kind = 'origin' AND category = 'blog' ORDER BY rank"
    ).fetchall()
    assert rows == [("blog", "mug", 3), ("blog", "tea", 2)]
