"""Mail and webhooks, for real; what fails is tried again with pauses, and given up at last."""

import hashlib
import hmac
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django.fixtures import Settings

from streaming.alerts.models import Alert, Notice
from streaming.alerts.sending import MOST_TRIES, send_notices
from tests.streaming.alerts.conftest import Hook, lag_rule

pytestmark = pytest.mark.django_db


def notice(channel: str, address: str, about: str = "fired") -> Notice:
    fired_at = datetime.fromisoformat("2026-03-14T15:09:26Z")
    ended_at = fired_at + timedelta(minutes=2) if about == "ended" else None
    alert = Alert.objects.create(
        rule=lag_rule(), label="activity", value=512, fired_at=fired_at, seen_at=fired_at, ended_at=ended_at
    )
    return Notice.objects.create(
        alert=alert, about=about, channel=channel, address=address, next_try_at=timezone.now()
    )


def test_a_webhook_is_told_what_fired(hook: Hook, settings: Settings) -> None:
    settings.ALERT_WEBHOOK_SECRET = "hush"
    sent = notice("webhook", hook.address)
    assert send_notices() == 1
    assert send_notices() == 0
    assert hook.bodies == [
        {
            "id": sent.alert_id,
            "state": "fired",
            "rule": "Spark is behind",
            "condition": "lag_events is above 100 for 60 s",
            "metric": "lag_events",
            "label": "activity",
            "value": 512,
            "threshold": 100,
            "firedAt": "2026-03-14T15:09:26+00:00",
            "endedAt": None,
        }
    ]
    ((headers, body),) = hook.calls
    assert headers["X-Tributary-Signature"] == "sha256=" + hmac.new(b"hush", body, hashlib.sha256).hexdigest()


def test_a_webhook_is_told_that_it_is_over(hook: Hook) -> None:
    notice("webhook", hook.address, "ended")
    send_notices()
    (body,) = hook.bodies
    assert (body["state"], body["endedAt"]) == ("ended", "2026-03-14T15:11:26+00:00")


def test_a_mail_says_what_since_when_and_where_to_look(settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example.org"
    notice("mail", "ops@example.org")
    assert send_notices() == 1
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["ops@example.org"], "[Tributary] Alert: Spark is behind: activity")
    for expected in (
        "lag_events is above 100 for 60 s",
        "512",
        "2026-03-14T15:09:26+00:00",
        "/admin/alerts/",
    ):
        assert expected in sent.body


def test_without_a_mail_server_it_says_what_to_set() -> None:
    sent = notice("mail", "ops@example.org")
    assert send_notices() == 0
    sent.refresh_from_db()
    assert "EMAIL_HOST" in sent.error
    assert sent.next_try_at is not None


def test_what_fails_is_tried_again_later_and_given_up_at_last(hook: Hook) -> None:
    hook.status = 500
    sent = notice("webhook", hook.address)
    pauses = []
    for _ in range(MOST_TRIES):
        before = timezone.now()
        send_notices()
        sent.refresh_from_db()
        assert sent.error == f"{hook.address} answered 500"
        if sent.next_try_at:
            pauses.append(round((sent.next_try_at - before).total_seconds() / 15))
            assert send_notices() == 0, "not before its time"
        Notice.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())
    assert len(hook.calls) == MOST_TRIES
    assert pauses[:4] == [1, 2, 4, 8]
    assert (sent.next_try_at, sent.sent_at) == (None, None)


def test_a_webhook_that_comes_back_is_told(hook: Hook) -> None:
    hook.status = 503
    notice("webhook", hook.address)
    send_notices()
    hook.status = 200
    Notice.objects.update(next_try_at=timezone.now())
    assert send_notices() == 1
    assert Notice.objects.get().error == ""


def test_nobody_who_listens_is_said() -> None:
    sent = notice("webhook", "http://127.0.0.1:1/hook")
    send_notices()
    sent.refresh_from_db()
    assert sent.error.startswith("http://127.0.0.1:1/hook did not answer")
