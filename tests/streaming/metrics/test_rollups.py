"""Samples become minutes, minutes hours; each is kept for its time, and nothing goes before it is rolled up."""

from datetime import UTC, datetime, timedelta

import pytest

from streaming.metrics.rollups import drop_old_samples, roll_up
from streaming.models import RolledSample, Sample

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
HOUR = NOW.replace(minute=0, second=0, microsecond=0)
pytestmark = pytest.mark.django_db


def add(at: datetime, *values: float, label: str = "x") -> None:
    Sample.objects.bulk_create(
        Sample(metric="m", label=label, at=at + timedelta(seconds=5 * number), value=value)
        for number, value in enumerate(values)
    )


def rolled(step: str, label: str = "x") -> dict[datetime, tuple[int, float, float, float]]:
    rows = RolledSample.objects.filter(step=step, label=label)
    return {row.at: (row.samples, row.mean, row.least, row.most) for row in rows}


def test_a_minute_and_its_hour_know_mean_least_and_most() -> None:
    add(HOUR, 1, 2, 6)
    add(HOUR + timedelta(minutes=1), 9)
    add(HOUR, 40, label="y")
    roll_up(NOW)
    assert rolled("minute") == {HOUR: (3, 3, 1, 6), HOUR + timedelta(minutes=1): (1, 9, 9, 9)}
    assert rolled("hour") == {HOUR: (4, 4.5, 1, 9)}, "an hour is the mean of its samples, not of its minutes"
    assert rolled("hour", "y") == {HOUR: (1, 40, 40, 40)}


def test_what_goes_on_is_rolled_up_again() -> None:
    add(HOUR, 1)
    roll_up(HOUR + timedelta(seconds=3))
    add(HOUR + timedelta(seconds=30), 3)
    roll_up(NOW)
    roll_up(NOW)
    assert rolled("minute") == {HOUR: (2, 2, 1, 3)}
    assert rolled("hour") == {HOUR: (2, 2, 1, 3)}


def test_each_is_kept_for_its_time_and_nothing_goes_unrolled() -> None:
    long_ago = HOUR - timedelta(hours=5)
    add(long_ago, 5)
    add(HOUR, 7)
    for step, age in (("minute", 15), ("minute", 13), ("hour", 401), ("hour", 399)):
        RolledSample.objects.create(
            step=step,
            metric="old",
            at=NOW - timedelta(days=age),
            label="",
            samples=1,
            mean=1,
            least=1,
            most=1,
        )
    RolledSample.objects.filter(metric="old", step="minute").update(metric="m")
    RolledSample.objects.filter(at__gt=NOW - timedelta(days=1)).delete()

    drop_old_samples(NOW + timedelta(hours=2))

    assert [sample.value for sample in Sample.objects.all()] == [7]
    assert rolled("minute").get(long_ago) == (1, 5, 5, 5)
    assert rolled("hour").get(long_ago) == (1, 5, 5, 5)
    ages = {(row.step, (NOW - row.at).days) for row in RolledSample.objects.filter(at__lt=long_ago)}
    assert {("minute", 13), ("hour", 399)} <= ages
    assert not ages & {("minute", 15), ("hour", 401)}
