"""When an alert fires and when it is over, and of what notices are made."""

from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from streaming.alerts.models import Alert, AlertRule, Notice, Silence
from streaming.alerts.watch import GONE_AFTER, watch
from streaming.models import Sample
from tests.streaming.alerts.conftest import lag_rule, measured

MINUTE = timedelta(minutes=1)


def firing() -> list[tuple[str, float | None]]:
    return list(Alert.objects.filter(ended_at=None).order_by("label").values_list("label", "value"))


def test_it_fires_when_it_has_been_so_for_long_enough_and_is_over_at_once(start: datetime) -> None:
    lag_rule()
    measured(start, 500, seconds=30)
    watch(start)
    assert firing() == [], "half a minute is not a minute"

    measured(start + 30 * timedelta(seconds=1), 501, seconds=25)
    watch(start + MINUTE / 2)
    watch(start + MINUTE / 2)
    assert firing() == [("activity", 501)]

    measured(start + MINUTE, 99, seconds=0)
    watch(start + MINUTE)
    assert firing() == []
    assert Alert.objects.get().ended_at == start + MINUTE


def test_one_good_sample_begins_the_time_anew(start: datetime) -> None:
    lag_rule()
    measured(start, 500)
    Sample.objects.filter(at=start - timedelta(seconds=20)).update(value=3)
    watch(start)
    assert firing() == []


def test_what_is_exactly_at_the_threshold_is_right(start: datetime) -> None:
    lag_rule()
    measured(start, 100)
    watch(start)
    assert firing() == []


def test_below_and_of_one_label_only(start: datetime) -> None:
    lag_rule(condition="below", threshold=5, label="orders")
    measured(start, 1)
    measured(start, 2, label="orders")
    watch(start)
    assert firing() == [("orders", 2)]


def test_each_thing_fires_for_itself(start: datetime) -> None:
    lag_rule()
    measured(start, 200)
    measured(start, 300, label="orders")
    measured(start, 7, label="other")
    watch(start)
    assert firing() == [("activity", 200), ("orders", 300)]


def test_while_nothing_is_known_it_goes_on_and_what_is_gone_is_over(start: datetime) -> None:
    lag_rule()
    measured(start, 200)
    watch(start)
    watch(start + 5 * MINUTE)
    assert firing() == [("activity", 200)]
    watch(start + GONE_AFTER + MINUTE)
    assert firing() == []


def test_no_data_fires_and_is_over_with_the_first_sample(start: datetime) -> None:
    lag_rule(condition="absent")
    measured(start, 1)
    watch(start + MINUTE / 2)
    assert firing() == []
    watch(start + 2 * MINUTE)
    assert firing() == [("", None)]
    measured(start + 3 * MINUTE, 1, seconds=0)
    watch(start + 3 * MINUTE)
    assert firing() == []


def test_that_all_was_stopped_is_no_missing_data(start: datetime) -> None:
    lag_rule(condition="absent")
    measured(start - timedelta(hours=1), 1)
    watch(start + MINUTE / 2)
    assert firing() == []


def test_a_rule_that_is_switched_off_ends_its_alerts(start: datetime) -> None:
    rule = lag_rule()
    measured(start, 500)
    watch(start)
    AlertRule.objects.filter(pk=rule.pk).update(is_active=False)
    watch(start + MINUTE)
    assert firing() == []


def notices() -> list[tuple[str, str, str]]:
    return list(Notice.objects.order_by("id").values_list("about", "channel", "address"))


def test_both_ways_of_telling_once_when_it_fires_and_once_when_it_is_over(
    start: datetime, settings: Settings
) -> None:
    settings.ALERT_WEBHOOK, settings.ALERT_MAIL_TO = "http://ops.example/hook", ["ops@example.org"]
    lag_rule(mail_to=["spark@example.org"])
    measured(start, 500)
    watch(start)
    watch(start)
    told = [("mail", "spark@example.org"), ("webhook", "http://ops.example/hook")]
    assert notices() == [("fired", *each) for each in told]

    measured(start + MINUTE / 6, 1, seconds=0)
    watch(start + MINUTE / 6)
    watch(start + MINUTE / 6)
    assert notices() == [(about, *each) for about in ("fired", "ended") for each in told]


def test_what_is_silenced_is_told_when_the_silence_is_over(start: datetime) -> None:
    rule = lag_rule(mail_to=["a@example.org"])
    Silence.objects.create(rule=rule, until=start + MINUTE, by="root", reason="known")
    measured(start, 500)
    watch(start)
    assert (len(firing()), notices()) == (1, [])

    measured(start + 2 * MINUTE, 500, seconds=90)
    watch(start + 2 * MINUTE)
    assert notices() == [("fired", "mail", "a@example.org")]


def test_what_was_wrong_within_a_silence_only_is_told_to_nobody(start: datetime) -> None:
    rule = lag_rule(mail_to=["a@example.org"])
    Silence.objects.create(rule=rule, until=start + 5 * MINUTE, by="root", reason="known")
    measured(start, 500)
    watch(start)
    measured(start + MINUTE, 0, seconds=0)
    watch(start + MINUTE)
    watch(start + 9 * MINUTE)
    assert (firing(), notices()) == ([], [])


@pytest.mark.django_db
def test_a_new_installation_watches_what_matters() -> None:
    watched = {rule.metric for rule in AlertRule.objects.filter(is_active=True)}
    assert {
        "lag_events",
        "under_replicated_partitions",
        "spool_age_seconds",
        "freshness_seconds_p99",
        "page_freshness_seconds_p99",
    } <= watched
    assert AlertRule.objects.filter(condition="absent", is_active=True).exists()
    for rule in AlertRule.objects.all():
        rule.full_clean()
