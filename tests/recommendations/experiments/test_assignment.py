"""Who is in which arm: the same in Python and in SQL, in every process, and whatever else is tried."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from recommendations.experiments import assignment
from recommendations.experiments.assignment import arm_of, bucket_of
from recommendations.experiments.models import ExperimentArm
from tests.recommendations.experimenting import running

pytestmark = pytest.mark.django_db
START = datetime.now(UTC)
LATER = START + timedelta(days=1)
VISITORS = [f"v-{number}" for number in range(2000)] + ["é", "日本", "a:b", "", " "]


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    assignment.forget()
    yield
    assignment.forget()


def running_now(name: str = "more pictures", **changes: Any) -> None:
    running(name, **{"starts_at": START, **changes})


def named(visitor: str, moment: datetime = LATER) -> tuple[str, str] | None:
    arm = arm_of(visitor, moment=moment)
    return (arm.experiment, arm.name) if arm else None


def named_by_sql(visitor: str, moment: datetime = LATER) -> tuple[str, str] | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT arm_id FROM recommendations_arm_of(%s, %s)", [visitor, moment])
        row = cursor.fetchone()
    if row is None:
        return None
    arm = ExperimentArm.objects.select_related("experiment").get(pk=row[0])
    return arm.experiment.name, arm.name


def test_python_and_sql_agree() -> None:
    running_now("first", shares=(20, 5, 5), stops_at=START + timedelta(days=2))
    running_now("second", shares=(33, 33, 34), starts_at=START + timedelta(hours=1))
    running_now("third", starts_at=START + timedelta(days=9))
    running_now("draft", starts_at=None)
    moments = (
        START - timedelta(seconds=1),
        START,
        LATER,
        START + timedelta(days=2),
        START + timedelta(days=30),
    )
    found: Counter[object] = Counter()
    for moment in moments:
        assignment.forget()
        for visitor in VISITORS[-100:]:
            assert named(visitor, moment) == named_by_sql(visitor, moment)
            found[named(visitor, moment)] += 1
    assert {None, ("first", "a"), ("first", "b"), ("second", "a"), ("second", "b"), ("second", "c")} <= set(
        found
    )


def test_buckets_are_those_of_sql() -> None:
    with connection.cursor() as cursor:
        for visitor in VISITORS[-300:]:
            cursor.execute("SELECT recommendations_bucket('salt', %s)", [visitor])
            assert cursor.fetchone() == (bucket_of("salt", visitor),)


def test_shares_are_kept_and_the_rest_is_in_none() -> None:
    running_now(shares=(30, 20))
    found = Counter(named(visitor) for visitor in VISITORS)
    assert found[("more pictures", "a")] == pytest.approx(600, abs=90)
    assert found[("more pictures", "b")] == pytest.approx(400, abs=80)
    assert found[None] == pytest.approx(1000, abs=100)


def test_another_experiment_moves_nobody_to_another_arm() -> None:
    running_now("first", shares=(50, 50))
    before = {visitor: named(visitor) for visitor in VISITORS}
    running_now("later", shares=(10, 90), starts_at=START + timedelta(hours=2))
    assignment.forget()
    assert {visitor: named(visitor) for visitor in VISITORS} == before


def test_the_arms_of_one_experiment_say_nothing_of_those_of_another() -> None:
    running_now("first", stops_at=LATER)
    running_now("second", starts_at=LATER)
    both = Counter((named(v, LATER - timedelta(1)), named(v, LATER)) for v in VISITORS if v)
    assert all(count == pytest.approx(500, abs=100) for count in both.values())
    assert len(both) == 4


def test_an_arm_tells_what_its_lists_are_made_with() -> None:
    running_now(shares=(1, 99), list_ids=["home", "cart"])
    arm = next(arm for visitor in VISITORS if (arm := arm_of(visitor, moment=LATER)) and not arm.control)
    assert (arm.name, arm.model, arm.rules, arm.parameters) == ("b", "model-1", "", {})
    assert arm.list_ids == {"home", "cart"}


def test_a_list_that_the_experiment_is_not_about_is_served_as_ever() -> None:
    running_now(shares=(50, 50), list_ids=["home"])
    assert arm_of("v", "home", LATER) is not None
    assert arm_of("v", "search", LATER) is None


def test_the_experiments_are_read_once_in_two_seconds(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    running_now()
    clock = [100.0]
    monkeypatch.setattr("recommendations.experiments.assignment.time.monotonic", lambda: clock[0])
    with django_assert_num_queries(2):
        for visitor in VISITORS:
            arm_of(visitor)
    clock[0] += 2.1
    with django_assert_num_queries(2):
        arm_of("v")
