"""Sends the notices that wait: at least once each, again with growing pauses where that fails."""

import hashlib
import hmac
import json
import logging
import smtplib
import threading
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from streaming.alerts.models import Alert, Notice
from streaming.alerts.watch import watch

MOST_AT_ONCE: Final = 20
MOST_TRIES: Final = 12
"""Over about six hours, the last ones two hours apart."""
FIRST_PAUSE: Final = timedelta(seconds=15)
LONGEST_PAUSE: Final = timedelta(hours=2)
TIMEOUT: Final = 5.0
EVERY_SECONDS: Final = 15.0
SIGNATURE: Final = "X-Tributary-Signature"

logger = logging.getLogger(__name__)


class NotSentError(Exception):
    """Neither sent nor to be taken for sent; the message says why."""


def send_notices() -> int:
    """Sends what is due; how many were sent. Two that send at once never send the same."""
    sent = 0
    for _ in range(MOST_AT_ONCE):
        with transaction.atomic():
            due = Notice.objects.filter(next_try_at__lte=timezone.now()).order_by("next_try_at", "id")
            notice = (
                due.select_for_update(skip_locked=True, of=("self",)).select_related("alert__rule").first()
            )
            if notice is None:
                break
            sent += _try(notice)
    return sent


def _try(notice: Notice) -> bool:
    now = timezone.now()
    notice.tries += 1
    try:
        if notice.channel == Notice.Channel.MAIL:
            mail(notice)
        else:
            call(notice)
    except NotSentError as error:
        notice.error = str(error)
        pause = min(FIRST_PAUSE * 2 ** (notice.tries - 1), LONGEST_PAUSE)
        notice.next_try_at = now + pause if notice.tries < MOST_TRIES else None
        logger.warning("An alert's notice was not sent (try %d): %s", notice.tries, error)
    else:
        notice.sent_at, notice.next_try_at, notice.error = now, None, ""
    notice.save()
    return notice.sent_at is not None


def mail(notice: Notice) -> None:
    """Raises NotSentError."""
    if not settings.EMAIL_HOST:
        raise NotSentError("No mail server is set: set EMAIL_HOST (and EMAIL_PORT, EMAIL_HOST_USER, ...).")
    word = "Alert" if notice.about == Notice.About.FIRED else "Over"
    message = EmailMessage(
        subject=f"[Tributary] {word}: {notice.alert}", body=text_of(notice), to=[notice.address]
    )
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        raise NotSentError(f"The mail server {settings.EMAIL_HOST} did not take it: {error}") from error


def call(notice: Notice) -> None:
    """Raises NotSentError."""
    body = json.dumps(content_of(notice)).encode()
    headers = {"Content-Type": "application/json"}
    if settings.ALERT_WEBHOOK_SECRET:
        secret = settings.ALERT_WEBHOOK_SECRET.encode()
        headers[SIGNATURE] = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    try:
        answer = httpx.post(notice.address, content=body, headers=headers, timeout=TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotSentError(f"{notice.address} did not answer: {error}") from error
    if not answer.is_success:
        raise NotSentError(f"{notice.address} answered {answer.status_code}")


def content_of(notice: Notice) -> dict[str, Any]:
    """What a webhook is sent; `id` is the same for both notices of an alert."""
    alert = notice.alert
    return {
        "id": alert.id,
        "state": notice.about,
        "rule": alert.rule.name,
        "condition": alert.rule.in_words,
        "metric": alert.rule.metric,
        "label": alert.of,
        "value": alert.value,
        "threshold": None if alert.rule.condition == alert.rule.Condition.ABSENT else alert.rule.threshold,
        "firedAt": _time(alert.fired_at),
        "endedAt": _time(alert.ended_at) if notice.about == Notice.About.ENDED else None,
    }


def text_of(notice: Notice) -> str:
    alert = notice.alert
    lines = [
        f"{alert}",
        "",
        f"Rule: {alert.rule.in_words}",
        f"Value: {value_of(alert)}",
        f"Since: {_time(alert.fired_at)}",
    ]
    if notice.about == Notice.About.ENDED:
        lines.append(f"Over at: {_time(alert.ended_at)}")
    return "\n".join([*lines, "", "All alerts, and how to silence one: /admin/alerts/ of the shop."])


def value_of(alert: Alert) -> str:
    return "no data" if alert.value is None else f"{alert.value:g}"


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def keep_watching(stopping: threading.Event) -> None:
    """What the relay does beside its work, until it is told to stop."""
    failing = False
    while not stopping.wait(EVERY_SECONDS):
        try:
            watch(timezone.now())
            send_notices()
            failing = False
        except (DatabaseError, InterfaceError) as error:
            if not failing:
                logger.warning("Alerts cannot be looked at; tried again: %s", error)
            failing = True
            connection.close()
