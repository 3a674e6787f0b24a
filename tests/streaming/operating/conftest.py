"""The changing pages as an operator goes through them: asked, shown, confirmed."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from django.test import Client
from pytest_django.fixtures import Settings

from tests.streaming.conftest import admin, nothing_remembered, prefix, produce, topics

__all__ = ["admin", "nothing_remembered", "prefix", "produce", "topics"]

Change = Callable[..., str]
TIMES = 3


@pytest.fixture
def change(admin: Client) -> Change:
    """Fills in the page at an address, confirms what it shows, and returns what it showed.

    Brokers learn of a change one after the other. Where the first one asked knew less than the second, the page shows
    what would happen now, and that is confirmed.
    """

    def through(address: str, data: dict[str, str] | None = None, name: str = "") -> str:
        asked = admin.post(address, data) if data else admin.get(address)
        assert asked.status_code == 200, refusal_of(asked.context)
        for _ in range(TIMES):
            assert "seen" in asked.context, refusal_of(asked.context)
            confirmed = {**(data or {}), "seen": asked.context["seen"], "confirmation": name}
            answer = admin.post(address, confirmed)
            if answer.status_code == 302:
                return asked.content.decode()
            assert "has changed since you looked" in refusal_of(answer.context), refusal_of(answer.context)
            asked = answer
        raise AssertionError(f"{address} was shown {TIMES} times, each time with another plan.")

    return through


def refusal_of(context: Any) -> str:
    return str(context.get("refusal") or context.get("problem") or dict(context["form"].errors))


@pytest.fixture
def name(prefix: str) -> str:
    """Of a topic that is not there yet, and is gone after the test."""
    return f"{prefix}{uuid4().hex[:6]}"


@pytest.fixture
def kafka(settings: Settings) -> AdminClient:
    """Another client than the admin's own, to see what became of it."""
    return AdminClient(settings.KAFKA_CLIENT)


@pytest.fixture
def brokers(settings: Settings) -> list[int]:
    """The numbers of three brokers at least: nothing moves with one."""
    found = sorted(AdminClient(settings.KAFKA_CLIENT).list_topics(timeout=10).brokers)
    assert len(found) >= 3, (
        "These tests need three brokers: leave KAFKA_BROKERS and KAFKA_BOOTSTRAP_SERVERS unset."
    )
    return found
