"""Processes of a part: starting one, knowing it again, and leaving none of its descendants behind.

Every process carries in its environment which stack and part it belongs to. That finds descendants which made
sessions of their own or lost their parent, and never meets a stranger that got a dead process's pid.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from services.home import CHECKOUT, Home
from services.part import Part

STACK, PART = "TRIBUTARY_STACK", "TRIBUTARY_PART"
LAUNCH = Path(__file__).with_name("launch.py")
SAME_START_SECONDS = 2.0
"""The system's start time of one process may be told a little differently when its clock is set."""


class Stack:
    """One run of one home's supervisor: the mark that its processes carry."""

    def __init__(self, home: Home) -> None:
        self.home = home
        me = psutil.Process()
        self.mark = f"{home.path}#{me.pid}-{me.create_time():.2f}"

    def environment(self, part: str) -> dict[str, str]:
        return {STACK: self.mark, PART: part}


def start(part: Part, stack: Stack, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Starts the part in its own session, its output going to its log. Call it from the main thread."""
    log = stack.home.log(part.name)
    keep_short(log)
    launch = (sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), part.user or "-")
    with log.open("ab") as output:
        return subprocess.Popen(
            (*launch, *part.command),
            cwd=CHECKOUT,
            env={**environment, **part.environment(), **stack.environment(part.name)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def keep_short(log: Path, limit: int = 20 * 2**20) -> None:
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_suffix(".log.1"))


def create_time(pid: int) -> float | None:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def is_alive(pid: int | None, created: float | None) -> bool:
    """Whether this very process still runs, not merely one with its pid."""
    if pid is None or created is None:
        return False
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < SAME_START_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ended; it stays a zombie, so that its pid still names its session and nobody else's."""
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def kill_session(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGKILL) -> None:
    """Signals the whole group that a part leads; to be called before the part is reaped."""
    if process.returncode is None:
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS: a group of zombies only
            return


def marked(chosen: Callable[[str, str], bool]) -> list[psutil.Process]:
    """The running processes whose stack mark and part name are `chosen`."""
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            environment = process.environ()
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or another user's: not one of ours
        if STACK in environment and chosen(environment[STACK], environment.get(PART, "")):
            found.append(process)
    return found


def kill_marked(chosen: Callable[[str, str], bool], patience: float = 5.0) -> list[str]:
    """Kills the `chosen` processes and those that they make meanwhile; returns the names of their parts."""
    parts: set[str] = set()
    deadline = time.monotonic() + patience
    while victims := marked(chosen):
        if time.monotonic() > deadline:
            raise RuntimeError(f"These processes could not be killed: {', '.join(map(str, victims))}")
        for victim in victims:
            try:
                parts.add(victim.environ().get(PART, "?"))
                victim.kill()
            except psutil.Error:
                continue  # gone meanwhile
        time.sleep(0.02)
    return sorted(parts)


def kill_leftovers(home: Home) -> list[str]:
    """Kills what earlier supervisors of this home left behind. Hold the home's lock."""
    return kill_marked(lambda mark, _: mark.rpartition("#")[0] == str(home.path))


def kill_stack(mark: str) -> list[str]:
    """Kills every process of one supervisor."""
    return kill_marked(lambda other, _: other == mark)


def kill_part(stack: Stack, name: str) -> None:
    kill_marked(lambda mark, part: mark == stack.mark and part == name)
