"""Starts a drill in a process of its own, so that it outlives whichever part it strikes, and ends one."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from services.home import CHECKOUT, Home
from services.process import PART, STACK
from streaming.drills.drill import Drill
from streaming.drills.models import DrillRun


class BusyDrillError(Exception):
    """Another drill runs: two at a time would measure each other."""


def _lock(home: Home) -> Path:
    home.create()
    return home.run / "drill.lock"


@contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Held for as long as a drill runs. Raises BusyDrillError."""
    with _lock(home).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyDrillError("Another drill runs: wait until it has ended.") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def running_pid(home: Home) -> int | None:
    """The process of the drill that runs now."""
    try:
        with only_one(home):
            return None
    except BusyDrillError:
        return int(_lock(home).read_text() or 0) or None


def start(drill: Drill, by: AbstractBaseUser | AnonymousUser) -> DrillRun:
    """Raises BusyDrillError."""
    home = Home.from_environment()
    if running_pid(home):
        raise BusyDrillError("Another drill runs: wait until it has ended.")
    record = DrillRun.objects.create(drill=drill.name, started_by_id=by.pk)
    # Not of the part that starts it, whose end would be this one's too.
    environment = {name: value for name, value in os.environ.items() if name not in (STACK, PART)}
    with home.log("drill").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, str(CHECKOUT / "manage.py"), "drill", drill.name, "--run", str(record.pk)],
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie
    return record


def interrupt() -> bool:
    """Tells the drill that runs to put everything back and end; False where none runs."""
    pid = running_pid(Home.from_environment())
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    return True
