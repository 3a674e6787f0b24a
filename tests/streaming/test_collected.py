from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from recommendations.models import FoldedMinute
from streaming.admin.minutes import REST, lines_by, lines_of_counts, shown, totals
from streaming.cluster import Unreachable
from streaming.health import check_spool
from streaming.metrics import definitions as metrics
from streaming.metrics.measuring import measure
from streaming.spool import waiting
from tracking.models import CollectedMinute, SpooledRecord

pytestmark = pytest.mark.django_db


def count(
    minutes_ago: int, source: str = "shop", event: str = "page", *, duplicates: int = 0, **counts: int
) -> None:
    minute = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=minutes_ago)
    CollectedMinute.objects.create(minute=minute, source=source, event=event, **counts)
    FoldedMinute.objects.create(
        minute=minute, source=source, event=event, events=0, duplicates=duplicates, left_out=0
    )


def test_the_lines_add_up_to_what_was_counted() -> None:
    count(3, accepted=60, rejected=2, spooled=7, duplicates=5)
    count(3, "app", accepted=40)
    count(400, accepted=1000)
    everything = shown("1h")
    assert totals(everything) == {"accepted": 100, "duplicate": 5, "rejected": 2, "spooled": 7}
    lines = lines_of_counts(everything)
    assert {name: sum(line.values()) for name, line in lines.items()} == totals(everything)
    assert all(len(line) == 60 for line in lines.values()), "a minute without a row is a 0"
    assert totals(shown("1h", source="app"))["accepted"] == 40
    assert totals(shown("24h"))["accepted"] == 1100


def test_longer_ranges_show_the_mean_of_their_minutes() -> None:
    count(3, accepted=60)
    line = lines_of_counts(shown("6h"))["accepted"]
    assert (len(line), max(line.values())) == (72, 12)


def test_beyond_the_largest_few_the_rest_stand_together() -> None:
    for number in range(9):
        count(3, event=f"event {number}", accepted=100 + number)
    lines = lines_by("event", "accepted", shown("1h"))
    assert next(iter(lines)) == "event 8"
    assert sum(lines[REST].values()) == 100 + 101 + 102
    assert len(lines) == 7


def test_the_page_shows_what_is_chosen(admin: Client) -> None:
    count(3, accepted=1234, duplicates=5)
    count(3, "app", accepted=4321)
    page = admin.get("/admin/collected/?range=6h&source=app&count=duplicate").content.decode()
    assert "4,321" in page
    assert "1,234" not in page
    assert "Duplicate, by key" in page
    assert admin.get("/admin/collected/?range=x&source=%00&count=y").status_code == 200


def test_the_spool_s_depth_and_age_are_told(admin: Client) -> None:
    assert (waiting().records, check_spool().state) == (0, "ready")
    for minutes in (5, 1):
        at = timezone.now() - timedelta(minutes=minutes)
        SpooledRecord.objects.create(topic="activity", key="v", value=b"{}", spooled_at=at)
    assert check_spool().state == "degraded"
    samples = {
        sample.metric: sample.value for sample in measure(Unreachable("away", timezone.now()), timezone.now())
    }
    assert samples[metrics.SPOOL.name] == 2
    assert samples[metrics.SPOOL_AGE.name] == pytest.approx(300, abs=5)
    for address in ("/admin/", "/admin/live/", "/admin/collected/"):
        assert "the oldest for" in admin.get(address).content.decode(), address
