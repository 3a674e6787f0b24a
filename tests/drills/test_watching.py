"""How it is told whether somebody was served again."""

import pytest

from streaming.drills.recording import Recording
from streaming.drills.shop import ShopWatch, Visit
from streaming.drills.sockets import OpenPages


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([200, 200, 200, 200], 0.0),
        ([200, 0, 0, 200], 1.5),
        ([0, 200, 503, 200], 1.5),
        ([200, 200, 200, 0], None),
        ([], None),
    ],
)
def test_the_shop_is_back_with_the_first_good_answer_after_the_last_bad_one(
    statuses: list[int], expected: float | None
) -> None:
    watch = ShopWatch("http://shop/")
    watch.visits = [Visit(10 + 0.5 * number, status, 0.1) for number, status in enumerate(statuses)]
    assert watch.good_again_after(10.1) == (None if expected is None else pytest.approx(expected))


def test_pages_are_back_when_the_last_of_them_was_sent_a_list() -> None:
    pages = OpenPages("http://shop/", "key", ("p",), pages=2)
    pages.pages[0].lists = [1.0, 11.0, 12.0]
    assert pages.recovered_after(10) is None
    pages.pages[1].lists = [2.0, 13.5]
    assert pages.recovered_after(10) == 3.5


def test_a_report_passes_only_when_it_was_held_to_something_and_kept_all_of_it() -> None:
    recording = Recording()
    assert not recording.passed
    recording.check("lost", "none", "0", passed=True)
    assert recording.passed
    recording.check("twice", "none", "1", passed=False)
    assert not recording.passed


def test_a_series_that_begins_late_has_a_gap_before() -> None:
    recording = Recording()
    recording.sample({"acknowledged": 200})
    recording.sample({"acknowledged": 190, "lag": 12})
    recording.sample({"acknowledged": 199})
    recording.sample({"acknowledged": 199, "lag": 3})
    assert recording.series["acknowledged"] == [200, 190, 199, 199]
    assert recording.series["lag"] == [None, 12, None, 3]
