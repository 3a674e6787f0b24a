"""The page of what is wrong, the rules, and a silence from its form to its end."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from streaming.alerts.models import Alert, Silence
from streaming.models import Change
from tests.streaming.alerts.conftest import lag_rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert(db: None) -> Alert:
    now = timezone.now()
    return Alert.objects.create(rule=lag_rule(), label="activity", value=512, fired_at=now, seen_at=now)


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_what_is_wrong_is_shown_everywhere(admin: Client, alert: Alert) -> None:
    page = text(admin, "/admin/alerts/")
    for expected in (
        "Spark is behind",
        "activity",
        "512",
        "lag_events is above 100 for 60 s",
        "nobody is set",
    ):
        assert expected in page
    assert "1 alert" in text(admin, "/admin/metrics/")
    assert "what is wrong, and since when" in text(admin, "/admin/")

    Alert.objects.update(ended_at=timezone.now() + timedelta(minutes=90))
    page = text(admin, "/admin/alerts/")
    assert "no rule's condition is met" in page.replace("&#x27;", "'")
    assert "1.5 h" in page
    assert "1 alert" not in text(admin, "/admin/metrics/")


def confirm(client: Client, address: str, data: dict[str, str]) -> None:
    shown = client.post(address, data) if data else client.get(address)
    answer = client.post(address, data | {"seen": shown.context["seen"]})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/alerts/")


def test_a_silence_and_its_end(admin: Client, alert: Alert) -> None:
    address = reverse("cluster:silence_alert", args=[alert.rule_id])
    assert address in text(admin, "/admin/alerts/")
    confirm(admin, address, {"length": "4", "reason": "a broker is being moved"})
    silence = Silence.objects.get()
    assert timedelta(hours=3.9) < silence.until - timezone.now() <= timedelta(hours=4)
    page = text(admin, "/admin/alerts/")
    assert "a broker is being moved" in page
    assert "1 alert" not in text(admin, "/admin/metrics/")
    assert "silenced already" in admin.post(address, {"length": "1", "reason": "x"}).content.decode()

    confirm(admin, reverse("cluster:end_silence", args=[silence.pk]), {})
    assert "a broker is being moved" not in text(admin, "/admin/alerts/")
    assert [change.action for change in Change.objects.order_by("id")] == ["Silence alerts", "End a silence"]
    assert Change.objects.earliest("id").after["why"] == "a broker is being moved"


def test_a_rule_that_is_changed_stands_in_the_audit(admin: Client, alert: Alert) -> None:
    address = reverse("admin:streaming_alertrule_change", args=[alert.rule_id])
    rule = {
        "name": "Spark is behind",
        "metric": "lag_events",
        "label": "",
        "condition": "above",
        "mail_to": "",
    }
    answer = admin.post(
        address, rule | {"threshold": "777", "seconds": "30", "webhook": "", "is_active": "on"}
    )
    assert answer.status_code == 302, answer.context["errors"]
    change = Change.objects.get()
    assert (change.before["threshold"], change.after["threshold"]) == (100, 777)
    assert "lag_events is above 777 for 30 s" in text(admin, reverse("admin:streaming_alertrule_changelist"))


def test_a_rule_that_makes_no_sense_is_refused(admin: Client) -> None:
    address = reverse("admin:streaming_alertrule_add")
    rule = {"name": "x", "metric": "kafka_up", "label": "y", "condition": "above", "mail_to": "no mail"}
    page = admin.post(
        address, rule | {"threshold": "1", "seconds": "5", "webhook": "ftp://x"}
    ).content.decode()
    for expected in ("not of several things", "greater than or equal to 10", "valid email", "valid URL"):
        assert expected in page
