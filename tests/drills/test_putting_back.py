"""A drill that is killed leaves nothing as it was not."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from tests.conftest import wait_for
from tests.stack import ROOT

STRIKES = """
import os, signal, sys, time
import django
django.setup()
from pathlib import Path
from services.home import Home
from streaming.drills.putting_back import open_debts

pid, created, home = int(sys.argv[1]), float(sys.argv[2]), Home(Path(sys.argv[3]))
home.create()
with open_debts(home) as debts, debts.owing("resume", pid=pid, created=created):
    os.kill(pid, signal.SIGSTOP)
    print("struck", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def victim() -> Iterator[psutil.Process]:
    process = subprocess.Popen(["sleep", "600"])
    yield psutil.Process(process.pid)
    process.kill()
    process.wait()


@pytest.fixture
def striking(victim: psutil.Process, tmp_path: object) -> Iterator[subprocess.Popen[str]]:
    """A process that has paused the victim and waits."""
    drill = subprocess.Popen(
        [sys.executable, "-c", STRIKES, str(victim.pid), str(victim.create_time()), str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )
    assert drill.stdout is not None
    assert drill.stdout.readline() == "struck\n"
    wait_for(lambda: victim.status() == psutil.STATUS_STOPPED, what="the process to stop")
    yield drill
    drill.kill()
    drill.communicate()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_what_is_paused_goes_on_when_the_drill_is_ended(
    victim: psutil.Process, striking: subprocess.Popen[str], number: signal.Signals
) -> None:
    striking.send_signal(number)
    wait_for(lambda: victim.status() != psutil.STATUS_STOPPED, 30, "the process to go on")


def test_what_was_put_back_is_not_put_back_again(
    victim: psutil.Process, striking: subprocess.Popen[str]
) -> None:
    striking.communicate("")
    assert victim.status() != psutil.STATUS_STOPPED
    victim.suspend()  # by somebody else
    wait_for(lambda: victim.status() == psutil.STATUS_STOPPED, what="the process to stop")
