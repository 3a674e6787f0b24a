"""Each minute's events are all there, or it is said how many are not, once that can be known."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from django.test import Client
from django.utils import timezone
from psycopg.types.range import Range

from recommendations.models import FoldedMinute, ReceivedMinute
from streaming.applied import applied_since, holes_since
from streaming.cluster import Cluster
from streaming.models import Batch, BatchRange, Position
from streaming.topics import topic_name
from streaming.windows import NEVER, Knowledge, Verdict, judged, knowledge, windows
from tests.streaming.conftest import Produce
from tests.streaming.rows import add_query, apply_batch
from tracking.models import CollectedMinute, CollectorRun, SpooledRecord

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
AT = NOW.replace(second=0) - timedelta(minutes=5)
SETTLED = Knowledge(settled_until=NOW, is_waiting=False, spooled_since=None)


@pytest.mark.parametrize(
    ("counts", "verdict", "difference"),
    [
        ({"accepted": 10, "folded": 10}, Verdict.ADDS_UP, 0),
        ({"accepted": 10, "folded": 9}, Verdict.MISSING, -1),
        ({"accepted": 10, "folded": 11}, Verdict.TOO_MANY, 1),
        ({"accepted": 10, "folded": 7, "spooled": 3, "went": 3}, Verdict.ADDS_UP, 0),
        ({"accepted": 10, "folded": 7, "spooled": 2, "went": 3}, Verdict.MISSING, -1),
        ({"accepted": 10, "folded": 12, "went": 2, "tried": 2, "resent": 2}, Verdict.ADDS_UP, 0),
        ({"accepted": 10, "folded": 11, "went": 2, "tried": 2, "resent": 0}, Verdict.ADDS_UP, 0),
        ({"accepted": 10, "folded": 11, "went": 2, "tried": 1, "resent": 2}, Verdict.ADDS_UP, 0),
        ({"accepted": 10, "folded": 13, "went": 2, "tried": 2, "resent": 2}, Verdict.TOO_MANY, 1),
        ({"accepted": 10, "folded": 8, "went": 2, "erased": 2}, Verdict.ADDS_UP, 0),
        ({"accepted": 10, "folded": 7, "went": 2, "erased": 2}, Verdict.MISSING, -1),
        ({"folded": 4}, Verdict.TOO_MANY, 4),
    ],
)
def test_a_minute_that_is_over(counts: dict[str, int], verdict: Verdict, difference: int) -> None:
    window = judged(AT, counts, SETTLED)
    assert (window.verdict, window.difference) == (verdict, difference)


def test_a_minute_that_goes_on_is_not_judged() -> None:
    going = Knowledge(settled_until=AT + timedelta(seconds=59), is_waiting=False, spooled_since=None)
    assert judged(AT, {"accepted": 3}, going).verdict == Verdict.GOES_ON
    assert judged(AT, {"accepted": 3, "folded": 3}, going).verdict == Verdict.GOES_ON


def test_what_came_out_of_the_spool_is_waited_for() -> None:
    counts = {"accepted": 10, "folded": 8, "went": 5}
    assert judged(AT, counts, Knowledge(NOW, True, None)).verdict == Verdict.GOES_ON
    assert judged(AT, counts, Knowledge(NOW, False, None)).verdict == Verdict.MISSING
    assert judged(AT, counts, Knowledge(NOW, False, AT)).verdict == Verdict.GOES_ON, (
        "a spool of many thousands"
    )


def test_a_killed_collector_explains_what_was_not_counted_and_nothing_else() -> None:
    killed = ((AT + timedelta(seconds=50), AT + timedelta(seconds=70)),)
    known = Knowledge(NOW, False, None, killed)
    minute = timedelta(minutes=1)
    assert judged(AT, {"accepted": 1, "folded": 3}, known).verdict == Verdict.UNCOUNTED
    assert judged(AT + minute, {"accepted": 1, "folded": 3}, known).verdict == Verdict.UNCOUNTED
    assert judged(AT + 2 * minute, {"accepted": 1, "folded": 3}, known).verdict == Verdict.TOO_MANY
    assert judged(AT, {"accepted": 3, "folded": 1}, known).verdict == Verdict.MISSING


def collected(minute: datetime, event: str = "page", **counts: int) -> None:
    CollectedMinute.objects.create(minute=minute, source="shop", event=event, **counts)


@pytest.mark.django_db
def test_the_counts_of_collector_spool_and_fold_come_together(topics: str) -> None:
    now = timezone.now()
    minute = now.replace(second=0, microsecond=0) - timedelta(minutes=3)
    collected(minute, accepted=10, spooled=4, tried=2, resent=1, erased=1)
    collected(minute, "", spooled=9)
    ReceivedMinute.objects.create(minute=minute, events=8)
    received = {"receivedAt": (minute + timedelta(seconds=7)).isoformat().replace("+00:00", "Z")}
    for value in (msgspec.json.encode(received), msgspec.json.encode(received), None):
        SpooledRecord.objects.create(topic=topic_name("activity"), key="v", value=value)
    SpooledRecord.objects.create(topic=topic_name("activity.rejected"), value=b"{}")

    (window,) = windows(minute - timedelta(hours=1), Cluster("", (), (), (), (), now), now)

    assert (window.at, window.accepted, window.went) == (minute, 10, 4)
    assert (window.folded, window.spooled, window.erased, window.twice) == (8, 2, 1, 1)
    assert (window.difference, window.verdict) == (0, Verdict.GOES_ON)


@pytest.mark.django_db
def test_what_was_folded_before_all_was_counted_is_not_judged(topics: str) -> None:
    now = timezone.now()
    minute = now.replace(second=0, microsecond=0) - timedelta(minutes=9)
    FoldedMinute.objects.create(
        minute=minute - timedelta(hours=1), source="", event="page", events=5, duplicates=0, left_out=0
    )
    for later in range(3):
        collected(minute + later * timedelta(minutes=1), accepted=5)
    ReceivedMinute.objects.create(minute=minute, events=2)
    shown = windows(minute - timedelta(hours=1), Cluster("", (), (), (), (), now), now)
    assert [window.at for window in shown] == [minute + timedelta(minutes=2), minute + timedelta(minutes=1)]


@pytest.mark.django_db
def test_what_can_be_known_by_now(topics: str, produce: Produce) -> None:
    from streaming.snapshots import take_snapshot

    now = timezone.now()
    assert knowledge(take_snapshot(), now).settled_until == NEVER, "nothing has been applied"

    produce("activity", 0, 3)
    query = add_query()
    appended_at = now - timedelta(minutes=1)
    apply_batch(query, topic_name("activity"), dict.fromkeys(range(6), 0) | {0: 3}, committed_at=appended_at)
    known = knowledge(take_snapshot(), now)
    assert (known.is_waiting, known.settled_until) == (False, now - timedelta(seconds=15))

    Position.objects.filter(partition=0).update(offset=2)
    known = knowledge(take_snapshot(), now)
    assert (known.is_waiting, known.settled_until) == (True, appended_at - timedelta(seconds=30))


@pytest.mark.django_db
def test_a_collector_that_neither_counts_nor_ended_was_killed(topics: str) -> None:
    now = timezone.now()
    minute = timedelta(minutes=1)
    for counted_at, ended_at, started_at in (
        (now - 9 * minute, now - 9 * minute, now - 20 * minute),
        (now - 5 * minute, None, now - 8 * minute),
        (now, None, now - 4 * minute),
    ):
        run = CollectorRun.objects.create(id=uuid4(), counted_at=counted_at, ended_at=ended_at)
        CollectorRun.objects.filter(id=run.id).update(started_at=started_at)
    known = knowledge(Cluster("", (), (), (), (), now), now)
    assert known.killed == ((now - 5 * minute - timedelta(seconds=15), now - 4 * minute),)


@pytest.mark.django_db
def test_a_hole_and_a_batch_that_counted_wrong_are_found() -> None:
    query, since = add_query(), timezone.now() - timedelta(hours=1)
    for end in (10, 25, 40):
        batch = apply_batch(query, "activity", {0: end, 1: end})
    assert holes_since(since) == []
    (step,) = applied_since(since, timedelta(hours=4))
    assert (step.records, step.events, step.processed, step.wrong) == (80, 80, 80, 0)

    middle = BatchRange.objects.get(partition=1, offsets=Range(10, 25))
    middle.offsets = Range(10, 22)
    middle.save()
    Batch.objects.filter(id=batch.id).update(events=31, duplicates=4, rejected=2)
    Position.objects.filter(partition=0).update(offset=41)
    (step,) = applied_since(since, timedelta(hours=4))
    assert (step.records, step.events, step.processed, step.wrong) == (77, 81, 75, 4)
    found = {(hole.partition, hole.expected, hole.first) for hole in holes_since(since)}
    assert found == {(1, 22, 25), (0, 40, 41)}


@pytest.mark.django_db
def test_the_page_says_which_window_does_not_add_up(admin: Client, topics: str, produce: Produce) -> None:
    now = timezone.now()
    produce("activity", 0, 30)
    apply_batch(add_query(), topic_name("activity"), dict.fromkeys(range(6), 0) | {0: 30}, committed_at=now)
    minute = now.replace(second=0, microsecond=0) - timedelta(minutes=10)
    for ago, accepted, folded in ((0, 1200, 1200), (1, 700, 697)):
        at = minute - ago * timedelta(minutes=1)
        collected(at, accepted=accepted)
        ReceivedMinute.objects.create(minute=at, events=folded)

    for name in ("", "1h", "24h", "14d"):
        page = admin.get(f"/admin/ledger/?range={name}")
        text = page.content.decode()
        assert "Does not add up" in text
        assert "3 missing" in text
        (row,) = page.context["wrong"]["rows"]
        assert (minute - timedelta(minutes=1)).isoformat() in str(row[0])
        assert page.context["whole"]["rows"][0][1:3] == ("1,900", "1,897")

    ReceivedMinute.objects.filter(events=697).update(events=700)
    page = admin.get("/admin/ledger/")
    assert "Does not add up" not in page.content.decode()
    assert [str(row[-1]).count("adds up") for row in page.context["windows"]["rows"]] == [1, 1]
