from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from streaming.models import Sample
from tests.streaming.rows import add_query

NOBODY = "127.0.0.1:1"


def test_alive_asks_nobody(client: Client) -> None:
    # Without the database fixture: a query would fail the test.
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"alive\n")


@pytest.mark.django_db
def test_ready_when_everything_answers(client: Client, topics: str) -> None:
    add_query()
    response = client.get("/readyz")
    told = response.json()
    assert response.status_code == 200
    assert told["state"] == "ready", told
    assert {name: part["state"] for name, part in told["parts"].items()} == {
        "postgres": "ready",
        "valkey": "ready",
        "kafka": "ready",
        "spark": "ready",
        "spool": "ready",
    }


@pytest.mark.django_db
def test_the_shop_is_ready_without_what_it_can_do_without(
    client: Client, away: str, settings: Settings
) -> None:
    settings.VALKEY_URL = f"redis://{NOBODY}/0"
    response = client.get("/readyz")
    told = response.json()
    assert response.status_code == 200
    assert told["state"] == "degraded"
    assert {name: part["state"] for name, part in told["parts"].items()} == {
        "postgres": "ready",
        "valkey": "down",
        "kafka": "down",
        "spark": "down",
        "spool": "ready",
    }
    assert away in told["parts"]["kafka"]["detail"]
    assert told["parts"]["spark"]["detail"] == "No Spark query has run yet."


@pytest.mark.django_db
def test_a_silent_query_is_told(client: Client, topics: str) -> None:
    add_query(seen_at=timezone.now() - timedelta(seconds=20))
    told = client.get("/readyz").json()
    assert told["state"] == "degraded"
    assert told["parts"]["spark"]["detail"].startswith("activity silent, seen ")


def test_not_ready_without_postgres(client: Client, topics: str, settings: Settings) -> None:
    settings.DATABASE_URL = f"postgresql://postgres@{NOBODY}/nothing"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["state"] == "down"
    assert "spark" not in response.json()["parts"]


@pytest.mark.django_db
def test_metrics_are_the_newest_samples(client: Client) -> None:
    now = timezone.now()
    for seconds, label, value in ((10, "activity", 3), (5, "activity", 8.5), (5, 'a"b\\c', 1)):
        at = now - timedelta(seconds=seconds)
        Sample.objects.create(metric="lag_events", label=label, at=at, value=value)
    Sample.objects.create(metric="outbox_depth", at=now - timedelta(minutes=2), value=7)

    response = client.get("/metrics")
    lines = response.content.decode().splitlines()

    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE tributary_lag_events gauge" in lines
    assert [line for line in lines if line.startswith("tributary_")] == [
        'tributary_lag_events{query="a\\"b\\\\c"} 1.0',
        'tributary_lag_events{query="activity"} 8.5',
    ]


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_only_reading_is_allowed(address: str) -> None:
    response = Client(enforce_csrf_checks=True).post(address)
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
