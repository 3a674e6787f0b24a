"""Rates from the counts of minutes and hours."""

from datetime import UTC, datetime, timedelta

import pytest

from recommendations.models import FoldedMinute, ListHour
from streaming.metrics.counting import REST, read_collected, read_lists
from tracking.models import CollectedMinute

NOW = datetime(2026, 3, 14, 15, 9, 30, tzinfo=UTC)
MINUTE = NOW.replace(second=0)
HOUR = MINUTE.replace(minute=0)
pytestmark = pytest.mark.django_db


def collected() -> dict[tuple[str, str], float]:
    return {(metric.name, label): value for metric, (label,), value in read_collected(NOW)}


def test_the_minute_that_goes_on_counts_with_the_one_before() -> None:
    for ago, number in ((0, 30), (1, 60), (2, 999)):
        CollectedMinute.objects.create(
            minute=MINUTE - timedelta(minutes=ago), source="shop", event="page", accepted=number, rejected=9
        )
    FoldedMinute.objects.create(minute=MINUTE, source="", event="page", events=5, duplicates=45, left_out=0)
    rates = collected()
    assert rates["collected_per_second", "accepted"] == pytest.approx(90 / 90)
    assert rates["collected_per_second", "rejected"] == pytest.approx(18 / 90)
    assert rates["collected_per_second", "duplicate"] == pytest.approx(45 / 90)
    assert rates["accepted_per_second", "page"] == pytest.approx(90 / 90)


def test_names_that_a_sender_makes_up_stand_together() -> None:
    for number in range(12):
        CollectedMinute.objects.create(
            minute=MINUTE, source="shop", event=f"event {number:02}", accepted=100 - number
        )
    names = {label for name, label in collected() if name == "accepted_per_second"}
    assert names == {f"event {number:02}" for number in range(10)} | {REST}
    assert collected()["accepted_per_second", REST] == pytest.approx((90 + 89) / 90)


def test_a_name_that_pauses_is_a_zero_and_not_a_gap() -> None:
    CollectedMinute.objects.create(
        minute=MINUTE - timedelta(minutes=20), source="shop", event="page", accepted=5
    )
    assert collected()["accepted_per_second", "page"] == 0


def add_clicks(ago: int, list_id: str, position: int, clicks: int, conversions: int = 0) -> None:
    ListHour.objects.create(
        hour=HOUR - timedelta(hours=ago),
        list_id=list_id,
        position=position,
        impressions=0,
        clicks=clicks,
        conversions=conversions,
    )


def test_clicks_by_list_and_position() -> None:
    add_clicks(0, "recommended", 1, 4)
    add_clicks(1, "recommended", 1, 5)
    add_clicks(2, "recommended", 1, 77)
    add_clicks(0, "recommended", 11, 2)
    add_clicks(0, "recommended", 51, 3)
    add_clicks(20, "similar", 1, 9, conversions=6)
    hours = 1 + 9.5 / 60
    found = {(metric.name, *labels): value for metric, labels, value in read_lists(NOW)}
    assert found == {
        ("list_clicks_per_hour", "recommended", "1"): pytest.approx(9 / hours),
        ("list_clicks_per_hour", "recommended", "11+"): pytest.approx(5 / hours),
        ("list_conversions_per_hour", "recommended"): 0,
        ("list_conversions_per_hour", "similar"): pytest.approx(6 / (24 + 9.5 / 60)),
    }
