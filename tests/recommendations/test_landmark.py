"""The landmark moves before weights grow beyond what a float holds, and no list changes by it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Connection
from tests.recommendations.folding import START, browse, fold
from tests.recommendations.reference import Done

SIMILAR = "SELECT other_id, score FROM recommendations_similar('a', %s)"


def parameters(model: Connection, **values: Any) -> None:
    """Sets them until the test ends."""
    for name, value in values.items():
        model.execute(f"UPDATE recommendations_parameters SET {name} = %s", (value,))


@pytest.fixture(autouse=True)
def restored(model: Connection) -> Any:
    before = model.execute("SELECT landmark, half_life FROM recommendations_parameters").fetchone()
    yield
    model.execute("UPDATE recommendations_parameters SET landmark = %s, half_life = %s", before)


def viewed(visitor: str, product: str, at: datetime, number: int) -> Done:
    return Done(visitor, f"e{number}", "Product Viewed", (product,), at, 0, number)


def test_a_moved_landmark_changes_no_similarity(model: Connection) -> None:
    browse(model, "v: a b c", "w: a b", "x: a d")
    browse(model, "v: a d", event="Order Completed", batch=2)
    moment = START + timedelta(days=3)
    before = model.execute(SIMILAR, (moment,)).fetchall()
    together = model.execute("SELECT * FROM recommendations_together('a', %s)", (moment,)).fetchall()
    model.execute("SELECT recommendations_store_as_of(%s)", (moment,))

    row = model.execute("SELECT landmark FROM recommendations_parameters").fetchone()
    assert row == (moment,)
    after = model.execute(SIMILAR, (moment,)).fetchall()
    assert [other for other, _ in after] == [other for other, _ in before]
    assert [score for _, score in after] == pytest.approx([score for _, score in before], rel=1e-12)
    again = model.execute("SELECT * FROM recommendations_together('a', %s)", (moment,)).fetchall()
    assert [score for _, score in again] == pytest.approx([score for _, score in together], rel=1e-12)


def test_it_moves_only_where_events_of_now_weigh_too_much(model: Connection) -> None:
    moment = datetime.now(UTC)
    parameters(model, landmark=moment - timedelta(days=10), half_life=timedelta(days=1))
    move = "SELECT recommendations_move_landmark(%s, %s)"
    assert model.execute(move, (moment, 2.0**10.5)).fetchone() == (False,)
    assert model.execute(move, (moment, 2.0**9.5)).fetchone() == (True,)
    assert model.execute(move, (moment, 2.0**9.5)).fetchone() == (False,)


def test_a_half_life_of_an_hour_holds_years_of_events(model: Connection) -> None:
    """From 2000 on, with the landmark of the beginning: the fold itself moves it where nobody did."""
    now = datetime.now(UTC)
    parameters(model, landmark=now - timedelta(days=900), half_life=timedelta(hours=1))
    fold(model, [viewed("old", "a", datetime(2000, 1, 1, tzinfo=UTC), 1), viewed("old", "b", now, 2)])
    fold(model, [viewed("v", "a", now, 3), viewed("v", "c", now, 4)], batch=2)
    fold(model, [viewed("w", "b", now, 5), viewed("w", "a", now - timedelta(days=700), 6)], batch=3)

    weights: dict[str, float] = dict(
        model.execute("SELECT other_id, positive FROM recommendations_pair WHERE product_id = 'a'").fetchall()
    )
    assert weights["c"] == pytest.approx(1, rel=1e-3), "as of a landmark that is now"
    assert weights["b"] < 1e-100, "what happened 700 days ago adds nothing"
    similar = model.execute(SIMILAR, (now,)).fetchall()
    assert similar[0] == ("c", pytest.approx(1 / (21**0.75 * 21**0.1), rel=1e-3))


def test_an_age_of_a_thousand_half_lives_passes_at_once(model: Connection) -> None:
    """Whoever was off for that long: nothing overflows, and what is old weighs nothing."""
    now = datetime.now(UTC)
    parameters(model, landmark=now - timedelta(hours=1), half_life=timedelta(hours=1))
    fold(model, [viewed("v", "a", now, 1), viewed("v", "b", now, 2)])
    model.execute("SELECT recommendations_store_as_of(%s)", (now + timedelta(hours=5000),))
    assert model.execute("SELECT sum(positive) FROM recommendations_pair").fetchone() == (0,)
