"""Merging the ledger's old batches loses no sum and no offset."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.range import Range

from streaming.ledger import merge_batches
from streaming.models import Batch, BatchRange, Query, RejectedRecord

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def add_batch(query: Query, number: int, at: datetime, start: int, end: int, run: str = "run") -> Batch:
    batch = Batch.objects.create(
        query=query,
        checkpoint=run,
        batch_id=number,
        events=end - start,
        duplicates=1,
        rejected=1,
        visitors=2,
        first_appended_at=at - timedelta(seconds=2),
        last_appended_at=at - timedelta(seconds=1),
        started_at=at,
        committed_at=at,
        durations={"read": 1.0},
    )
    BatchRange.objects.create(
        batch=batch, query=query, topic="activity", partition=0, offsets=Range(start, end)
    )
    RejectedRecord.objects.create(batch=batch, topic="activity", partition=0, offset=start, reason="x")
    return batch


@pytest.fixture
def query() -> Query:
    return Query.objects.create(
        name="activity", checkpoint="run", host="h", pid=1, started_at=NOON, seen_at=NOON
    )


def ranges(batch: Batch) -> list[tuple[int, int]]:
    found = BatchRange.objects.filter(batch=batch).order_by("offsets").values_list("offsets", flat=True)
    return [(each.lower, each.upper) for each in found]


def test_an_hour_of_one_run_becomes_one_row(query: Query) -> None:
    add_batch(query, 0, NOON, 0, 10)
    add_batch(query, 1, NOON + timedelta(minutes=20), 10, 30)
    last = add_batch(query, 2, NOON + timedelta(minutes=59), 30, 40)

    assert merge_batches(NOON + timedelta(hours=1)) == 2
    (merged,) = Batch.objects.all()
    assert merged.id == last.id
    assert (merged.batches, merged.events, merged.duplicates, merged.rejected, merged.visitors) == (
        3,
        40,
        3,
        3,
        6,
    )
    assert (merged.first_appended_at, merged.started_at) == (NOON - timedelta(seconds=2), NOON)
    assert merged.committed_at == NOON + timedelta(minutes=59)
    assert ranges(merged) == [(0, 40)]
    assert set(RejectedRecord.objects.values_list("batch", flat=True)) == {merged.id}


def test_other_hours_other_runs_and_newer_batches_stay_apart(query: Query) -> None:
    add_batch(query, 0, NOON, 0, 10)
    add_batch(query, 1, NOON + timedelta(minutes=1), 10, 20, run="other")
    add_batch(query, 2, NOON + timedelta(hours=1), 20, 30)
    add_batch(query, 3, NOON + timedelta(hours=2), 30, 40)
    add_batch(query, 4, NOON + timedelta(hours=2, minutes=1), 40, 50)
    assert merge_batches(NOON + timedelta(hours=2)) == 0
    assert Batch.objects.count() == 5


def test_offsets_of_another_run_between_leave_a_gap_in_the_range(query: Query) -> None:
    add_batch(query, 0, NOON, 0, 10)
    add_batch(query, 0, NOON + timedelta(minutes=1), 10, 20, run="other")
    last = add_batch(query, 1, NOON + timedelta(minutes=2), 20, 30)
    assert merge_batches(NOON + timedelta(hours=1)) == 1
    assert ranges(last) == [(0, 10), (20, 30)]


def test_merging_again_changes_nothing(query: Query) -> None:
    add_batch(query, 0, NOON, 0, 10)
    add_batch(query, 1, NOON + timedelta(minutes=20), 10, 30)
    merge_batches(NOON + timedelta(hours=1))
    before = list(Batch.objects.values())
    assert merge_batches(NOON + timedelta(hours=1)) == 0
    assert list(Batch.objects.values()) == before
