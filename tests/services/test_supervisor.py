import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from services.home import CHECKOUT, Home
from services.process import PART, STACK
from tests.services.conftest import Supervised, processes_of, wait_until
from tests.services.supervised import ALREADY_RUNS

Supervise = Callable[..., Supervised]


def pids_in(file: Path) -> list[int]:
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def killed_and_back(stack: Supervised, name: str) -> int:
    """Kills the part and waits for its next process."""
    pid = stack.part(name).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    found: int = wait_until(
        lambda: (part := stack.part(name)).pid != pid and part.state == "ready" and part.pid,
        f"{name} is back",
    )
    return found


def test_killed_part_comes_back_with_growing_delay_and_it_is_said(supervise: Supervise) -> None:
    stack = supervise({"name": "web"})
    stack.wait_ready()

    killed_and_back(stack, "web")
    killed_and_back(stack, "web")

    delays = re.findall(r"web killed by SIGKILL at \S+, starts again after (\S+) s", stack.log())
    assert delays == ["0.5", "1"]
    assert "restarted 2 times, last killed by SIGKILL" in stack.part("web").detail


def test_killed_master_takes_its_workers_along(supervise: Supervise, tmp_path: Path) -> None:
    file = tmp_path / "pids"
    stack = supervise({"name": "web", "run": ["master", str(file)]})
    stack.wait_ready()
    first = pids_in(file)

    killed_and_back(stack, "web")

    assert len(first) == 4
    assert all(gone(pid) for pid in first)
    assert not any(gone(pid) for pid in pids_in(file))


def test_killed_supervisor_leaves_nothing(supervise: Supervise, home: Home, tmp_path: Path) -> None:
    file = tmp_path / "pids"
    stack = supervise({"name": "web", "run": ["master", str(file)]}, {"name": "valkey", "run": ["stubborn"]})
    stack.wait_ready()
    # four of the master, its grandchild, and valkey
    wait_until(lambda: len(processes_of(home)) == 6, "every process is there")

    stack.process.kill()
    stack.process.wait()

    wait_until(lambda: not processes_of(home), "every process is gone")
    assert all(gone(pid) for pid in pids_in(file))


def test_next_start_kills_leftovers_of_this_home_only(supervise: Supervise, home: Home) -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    mine = subprocess.Popen(sleeper, env=os.environ | {STACK: f"{home.path}#1-1.00", PART: "spark"})
    others = subprocess.Popen(sleeper, env=os.environ | {STACK: f"{home.path}-2#1-1.00", PART: "spark"})
    try:
        stack = supervise({"name": "web"})
        stack.wait_ready()

        assert mine.wait(5) == -signal.SIGKILL
        assert others.poll() is None
        assert "spark was left over from an earlier run" in stack.log()
    finally:
        for process in (mine, others):
            process.kill()
            process.wait()


def test_parts_start_after_their_needs_and_stop_before_them(supervise: Supervise) -> None:
    stack = supervise(
        {"name": "shoppers", "needs": ["web"]},
        {"name": "web", "needs": ["postgres"]},
        {"name": "postgres"},
    )
    stack.wait_ready()
    stack.process.send_signal(signal.SIGINT)

    assert stack.process.wait(20) == 0
    assert re.findall(r"(\w+) is (ready|stopped)", stack.log()) == [
        ("postgres", "ready"),
        ("web", "ready"),
        ("shoppers", "ready"),
        ("shoppers", "stopped"),
        ("web", "stopped"),
        ("postgres", "stopped"),
    ]


def test_part_that_ignores_its_stop_is_killed_in_time(supervise: Supervise, home: Home) -> None:
    stack = supervise({"name": "spark", "run": ["stubborn"], "stop_timeout": 1})
    stack.wait_ready()
    stack.process.send_signal(signal.SIGTERM)

    assert stack.process.wait(20) == 0
    assert "spark did not stop within 1 s and is killed" in stack.log()
    assert not processes_of(home)


def test_suspended_part_can_be_stopped(supervise: Supervise) -> None:
    stack = supervise({"name": "spark"})
    stack.wait_ready()
    os.kill(stack.part("spark").pid or 0, signal.SIGSTOP)
    stack.process.send_signal(signal.SIGTERM)

    assert stack.process.wait(10) == 0
    assert "is killed" not in stack.log()


def test_second_interrupt_hurries_and_third_kills(supervise: Supervise, home: Home) -> None:
    stack = supervise({"name": "web", "run": ["stubborn"], "needs": ["postgres"]}, {"name": "postgres"})
    stack.wait_ready()
    stack.process.send_signal(signal.SIGINT)
    wait_until(lambda: stack.part("web").detail == "stopping", "web was asked to stop")
    assert stack.part("postgres").pid

    stack.process.send_signal(signal.SIGINT)
    wait_until(lambda: stack.part("postgres").pid is None, "postgres no longer waits for web")
    assert stack.part("web").pid

    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(10) == 0
    assert not processes_of(home)


def test_part_that_never_gets_ready_fails_the_start_with_its_last_words(supervise: Supervise) -> None:
    stack = supervise({"name": "web"}, {"name": "spark", "run": ["silent"], "start_timeout": 1})

    assert stack.process.wait(20) == 1
    state = stack.state()
    assert state is not None
    assert state.state == "failed"
    assert "spark was not ready within 1 s. Its log," in state.failure
    assert state.failure.endswith("I am silent")


def test_failed_step_fails_the_start(supervise: Supervise) -> None:
    stack = supervise(
        {"name": "migrate", "step": True, "run": ["fails"]}, {"name": "web", "needs": ["migrate"]}
    )

    assert stack.process.wait(20) == 1
    state = stack.state()
    assert state is not None
    assert "migrate ended before it was ready, ended with exit code 1" in state.failure
    assert "no such table: fish" in state.failure
    assert not stack.home.log("web").exists()


def test_part_that_dies_on_every_start_fails_the_start(supervise: Supervise) -> None:
    stack = supervise({"name": "push", "run": ["fails"]})

    assert stack.process.wait(30) == 1
    state = stack.state()
    assert state is not None
    assert "push ended 4 times, last before it was ready" in state.failure


def test_two_supervisors_of_one_home_are_refused(supervise: Supervise) -> None:
    stack = supervise({"name": "web"})
    stack.wait_ready()

    assert supervise({"name": "web"}).process.wait(20) == ALREADY_RUNS
    assert stack.part("web").state == "ready"


def test_guard_is_kept_alive(supervise: Supervise, home: Home) -> None:
    stack = supervise({"name": "web"})
    stack.wait_ready()

    def guard() -> psutil.Process | None:
        children = psutil.Process(stack.process.pid).children()
        alive = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
        return next((child for child in alive if "services.guard" in child.cmdline()), None)

    first = wait_until(guard, "there is a guard")
    first.kill()
    wait_until(lambda: (now := guard()) and now.pid != first.pid, "there is a new guard")

    stack.process.kill()
    stack.process.wait()
    wait_until(lambda: not processes_of(home), "every process is gone")


def test_launched_part_dies_with_its_parent_without_any_guard(tmp_path: Path) -> None:
    """The kernel's parent-death signal alone, on Linux."""
    launch = str(CHECKOUT / "services" / "launch.py")
    parent = (
        "import os, subprocess, sys, time;"
        f"p = subprocess.Popen([sys.executable, '-I', '-S', {launch!r}, str(os.getpid()), '-', 'sleep', '600']);"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    wait_until(lambda: psutil.Process(child).name() == "sleep", "the part has begun")
    process.kill()
    process.wait()

    wait_until(lambda: gone(child), "the part died with its parent")
