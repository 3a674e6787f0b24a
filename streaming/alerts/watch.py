"""Compares the samples with the rules: what fires, what has ended, and of what notices are made.

The worker and the relay both do it, so that either may be dead, and Valkey with the worker; one at a time does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from streaming.alerts.models import Alert, AlertRule, Notice, Silence
from streaming.metrics.definitions import BY_NAME
from streaming.models import Sample

LOCK: Final = "streaming_alerts"
SLACK: Final = timedelta(seconds=15)
"""The first sample of the time that a rule looks at may come so late."""
GONE_AFTER: Final = timedelta(minutes=10)
"""An alert of something that is no longer measured, as a deleted group, ends after so long."""
SLOW_SECONDS: Final = 150
"""Of a metric that is measured once a minute, no rule looks at less."""

OF_EACH_LABEL: Final = """
    SELECT label, min(at), bool_and(CASE WHEN %(above)s THEN value > %(threshold)s ELSE value < %(threshold)s END),
           (array_agg(value ORDER BY at DESC))[1]
    FROM streaming_sample
    WHERE metric = %(metric)s AND at > %(since)s AND (%(label)s = '' OR label = %(label)s)
    GROUP BY label
"""

_watching_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing that a rule watches is."""

    label: str
    is_wrong: bool
    """It has been so for as long as the rule says."""
    is_right: bool
    """Its newest sample is as it should be."""
    value: float | None


def watch(now: datetime) -> None:
    """Brings the alerts up to date. What is silenced fires, but no notices are made of it until the silence is over."""
    with transaction.atomic():
        if not _has_turn():
            return
        for rule in AlertRule.objects.filter(is_active=True):
            _follow(rule, now)
        Alert.objects.filter(rule__is_active=False, ended_at=None).update(ended_at=now)
        _tell(now)


def _has_turn() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [LOCK])
        return bool(cursor.fetchone()[0])


def _follow(rule: AlertRule, now: datetime) -> None:
    found = {each.label: each for each in _findings(rule, now)}
    firing = {alert.label: alert for alert in rule.alerts.filter(ended_at=None)}
    for label, finding in found.items():
        alert = firing.get(label)
        if alert is None and finding.is_wrong:
            Alert.objects.create(rule=rule, label=label, value=finding.value, fired_at=now, seen_at=now)
        elif alert is not None:
            alert.value, alert.seen_at = finding.value, now
            alert.ended_at = now if finding.is_right else None
            alert.save(update_fields=["value", "seen_at", "ended_at"])
    for label, alert in firing.items():
        if label not in found and now - alert.seen_at > GONE_AFTER:
            alert.ended_at = now
            alert.save(update_fields=["ended_at"])


def _findings(rule: AlertRule, now: datetime) -> Sequence[Finding]:
    if rule.condition == AlertRule.Condition.ABSENT:
        return [_absence(rule, now)]
    metric = BY_NAME.get(rule.metric)
    seconds = max(rule.seconds, SLOW_SECONDS) if metric and metric.slow else rule.seconds
    length = timedelta(seconds=seconds)
    is_above = rule.condition == AlertRule.Condition.ABOVE
    asked: dict[str, Any] = {
        "above": is_above,
        "threshold": rule.threshold,
        "metric": rule.metric,
        "label": rule.label,
        "since": now - length - SLACK,
    }
    with connection.cursor() as cursor:
        cursor.execute(OF_EACH_LABEL, asked)
        rows = cursor.fetchall()
    return [
        Finding(
            label,
            is_wrong=all_wrong and first <= now - length + SLACK,
            is_right=not (value > rule.threshold if is_above else value < rule.threshold),
            value=value,
        )
        for label, first, all_wrong, value in rows
    ]


def _absence(rule: AlertRule, now: datetime) -> Finding:
    """Only from when this process has watched: that nothing was measured while all was stopped is no alert."""
    global _watching_since
    _watching_since = _watching_since or now
    samples = Sample.objects.filter(metric=rule.metric, at__gt=now - timedelta(hours=2))
    if rule.label:
        samples = samples.filter(label=rule.label)
    newest = samples.aggregate(at=Max("at"))["at"]
    known = max(_watching_since, newest) if newest else _watching_since
    length = timedelta(seconds=rule.seconds)
    return Finding(
        rule.label,
        is_wrong=now - known > length,
        is_right=newest is not None and now - newest <= length,
        value=None,
    )


def _tell(now: datetime) -> None:
    silenced = Silence.objects.filter(until__gt=now).values_list("rule_id", flat=True)
    for alert in (
        Alert.objects.filter(ended_at=None, told_at=None).exclude(rule__in=silenced).select_related("rule")
    ):
        _make_notices(alert, Notice.About.FIRED, now)
        alert.told_at = now
        alert.save(update_fields=["told_at"])
    ended = Alert.objects.filter(ended_at=now, told_at__isnull=False).exclude(
        notices__about=Notice.About.ENDED
    )
    for alert in ended.select_related("rule"):
        _make_notices(alert, Notice.About.ENDED, now)


def _make_notices(alert: Alert, about: Notice.About, now: datetime) -> None:
    mails = alert.rule.mail_to or settings.ALERT_MAIL_TO
    webhook = alert.rule.webhook or settings.ALERT_WEBHOOK
    addresses = [(Notice.Channel.MAIL, address) for address in mails]
    addresses += [(Notice.Channel.WEBHOOK, webhook)] if webhook else []
    Notice.objects.bulk_create(
        Notice(alert=alert, about=about, channel=channel, address=address, next_try_at=now)
        for channel, address in addresses
    )


def drop_old_alerts() -> None:
    """Removes what ended long ago."""
    before = timezone.now() - timedelta(days=90)
    Alert.objects.filter(ended_at__lt=before).delete()
    Silence.objects.filter(until__lt=before).delete()
