import pytest

from shop.shoppers.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_waiting_as_told_keeps_the_rate() -> None:
    clock = Clock()
    pace = Pace(20, clock=clock)
    for _ in range(100):
        clock.now += pace.book(4)
    assert clock.now == pytest.approx(100 + 99 * 4 / 20)


def test_bookers_side_by_side_share_the_rate() -> None:
    pace = Pace(10, clock=Clock())
    assert [pace.book() for _ in range(4)] == pytest.approx([0, 0.1, 0.2, 0.3])


def test_short_delay_is_made_up_for() -> None:
    clock = Clock()
    pace = Pace(10, burst=0.5, clock=clock)
    clock.now += 0.3
    assert [pace.book() for _ in range(5)] == pytest.approx([0, 0, 0, 0, 0.1])


def test_long_outage_is_not_followed_by_a_flood() -> None:
    clock = Clock()
    pace = Pace(10, burst=0.5, clock=clock)
    clock.now += 3600
    assert sum(pace.book() == 0 for _ in range(100)) == 6


def test_trying_books_only_what_may_go_at_once() -> None:
    clock = Clock()
    pace = Pace(2, clock=clock)
    assert pace.try_book()
    assert not pace.try_book()
    clock.now += 0.5
    assert pace.try_book()
