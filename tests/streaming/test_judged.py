"""The page of what the lists were worth."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from recommendations.models import JudgedHour
from streaming.evaluation.judgement import MODEL, Judgement, Rates, judgement, rates_of

pytestmark = pytest.mark.django_db


def judge(hours_ago: int, source: str = "shop", *, events: int, hits: int, passed_over: int = 0) -> None:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)
    JudgedHour.objects.create(
        hour=hour,
        source=source,
        events=events,
        passed_over=passed_over,
        hits_10=hits // 2,
        hits_20=hits,
        reciprocal=hits / 4,
        popular_hits_10=1,
        popular_hits_20=2,
        popular_reciprocal=0.5,
        random_hits_10=0.1,
        random_hits_20=0.2,
        random_reciprocal=0.05,
    )


def test_rates_are_of_all_events_together_and_of_each_hour() -> None:
    judge(1, events=100, hits=50, passed_over=7)
    judge(1, "app", events=100, hits=10)
    judge(2, events=300, hits=30)
    together = judgement(JudgedHour.objects.all())
    assert (together.events, together.passed_over) == (500, 7)
    assert together.rates[MODEL] == Rates(45 / 500, 90 / 500, 22.5 / 500)
    assert [each.rates[MODEL].hit_rate_20 for each in rates_of(JudgedHour.objects.all()).values()] == [
        0.1,
        0.3,
    ]


def test_nothing_judged_has_no_rates() -> None:
    assert judgement(JudgedHour.objects.all()) == Judgement(0, 0, {})


def test_page_shows_live_events_and_a_played_file_only_when_chosen(admin: Client) -> None:
    judge(1, events=1000, hits=571, passed_over=4321)
    judge(30, events=1000, hits=111)
    judge(1, "judged:test.txt:1", events=1000, hits=222)
    page = admin.get("/admin/judged/").content.decode()
    assert "0.571" in page
    assert "4,321" in page
    assert "0.222" not in page
    assert "judged:test.txt:1" in page
    assert "0.222" in admin.get("/admin/judged/?source=judged:test.txt:1").content.decode()
    assert "0.341" in admin.get("/admin/judged/?range=7d").content.decode()


def test_page_says_what_to_do_before_anything_was_judged(admin: Client) -> None:
    page = admin.get("/admin/judged/?range=nonsense&source=%00").content.decode()
    assert "no event was predicted yet" in page
