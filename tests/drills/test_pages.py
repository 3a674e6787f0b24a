"""The admin's pages of drills: one while it runs, its report, runs side by side, and how one is started and ended."""

import os
import signal
import subprocess
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from services.home import Home
from streaming.drills.models import DrillRun, close
from streaming.drills.starting import BusyDrillError, only_one, running_pid
from streaming.models import Change

pytestmark = pytest.mark.django_db

REPORT: dict[str, Any] = {
    "timeline": [{"at": 6.94, "what": "kafka-1 (pid 886) killed with SIGKILL"}],
    "numbers": [{"name": "election", "label": "Another leader elected", "value": 4189.42, "unit": "ms"}],
    "checks": [
        {"name": "lost", "goal": "No acknowledged event is lost", "found": "3 of 900", "passed": False}
    ],
    "series": {"at": [1.0, 2.0], "acknowledged": [200, 180], "failed": [0, 2], "lag": [None, 40]},
}


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, f"{address}: {response.status_code}"
    return response.content.decode()


def confirmed(client: Client, address: str) -> Any:
    """What the page answers when just what it proposes is confirmed."""
    shown = client.get(address)
    return client.post(address, {"seen": shown.context["seen"]})


def test_a_run_shows_what_happened_and_what_was_not_kept(admin: Client) -> None:
    run = DrillRun.objects.create(
        drill="broker", state=DrillRun.State.FAILED, report=REPORT, ended_at=timezone.now()
    )
    page = text(admin, f"/admin/drills/runs/{run.pk}/")
    for words in (
        "kafka-1 (pid 886) killed",
        "4,189.4 ms",
        "3 of 900",
        "not kept",
        "Events waiting for Spark",
    ):
        assert words in page
    assert "every 2s" not in page
    assert "Interrupt it" not in page


def test_a_run_that_goes_on_is_read_anew_and_can_be_interrupted(admin: Client) -> None:
    run = DrillRun.objects.create(drill="broker")
    page = text(admin, f"/admin/drills/runs/{run.pk}/")
    assert "every 2s" in page
    assert f"/admin/drills/runs/{run.pk}/stop/" in page


def test_runs_stand_side_by_side(admin: Client) -> None:
    for value in (4189.42, 1200.0):
        number = REPORT["numbers"][0] | {"value": value}
        DrillRun.objects.create(drill="broker", report=REPORT | {"numbers": [number]})
    page = text(admin, "/admin/drills/broker/")
    assert page.index("1,200 ms") < page.index("4,189.4 ms"), "the newest comes first"
    assert "Another leader elected" in text(admin, "/admin/drills/broker/")


def test_all_drills_are_listed_with_their_last_run(admin: Client) -> None:
    DrillRun.objects.create(drill="spark", state=DrillRun.State.REFUSED, reason="No stack runs here.")
    page = text(admin, "/admin/drills/")
    assert "No stack runs here." in page
    assert page.count("never") >= 5
    assert f'href="/admin/drills/runs/{DrillRun.objects.get().pk}/"' in page


def test_a_drill_is_started_in_a_process_that_no_part_takes_along(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[list[str], dict[str, Any]]] = []

    class Process:
        def __init__(self, command: list[str], **options: Any) -> None:
            started.append((command, options))

        def wait(self) -> int:
            return 0

    monkeypatch.setattr(subprocess, "Popen", Process)
    monkeypatch.setenv("TRIBUTARY_PART", "web")
    answer = confirmed(admin, "/admin/drills/spark/start/")
    run = DrillRun.objects.get()
    assert answer.headers["Location"] == f"/admin/drills/runs/{run.pk}/"
    ((command, options),) = started
    assert command[-4:] == ["drill", "spark", "--run", str(run.pk)]
    assert options["start_new_session"]
    assert "TRIBUTARY_PART" not in options["env"]
    change = Change.objects.get()
    assert (change.action, change.subject, change.state) == ("Run a drill", "spark", "done")


def test_two_drills_do_not_run_at_once(admin: Client) -> None:
    home = Home.from_environment()
    with only_one(home):
        assert running_pid(home) == os.getpid()
        assert "Another drill runs" in text(admin, "/admin/drills/spark/start/")
        with pytest.raises(BusyDrillError), only_one(home):
            pass
    assert running_pid(home) is None
    assert not DrillRun.objects.exists()


def test_a_running_drill_is_told_to_end(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: told.append((pid, number)))
    run = DrillRun.objects.create(drill="spark")
    with only_one(Home.from_environment()):
        assert confirmed(admin, f"/admin/drills/runs/{run.pk}/stop/").status_code == 302
    assert told == [(os.getpid(), signal.SIGTERM)]


def test_a_run_whose_process_was_killed_does_not_stay_running() -> None:
    killed = DrillRun.objects.create(drill="spark")
    passed = DrillRun.objects.create(drill="spark", state=DrillRun.State.PASSED)
    close(killed.pk)
    close(passed.pk)
    killed.refresh_from_db()
    passed.refresh_from_db()
    assert (killed.state, passed.state) == ("interrupted", "passed")
    assert killed.ended_at is not None
