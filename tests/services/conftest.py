import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.home import CHECKOUT, Home
from services.process import marked
from services.state import PartState, StackState, read_state


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    """The condition's first true value; fails the test when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:g} s: {what}")


def processes_of(home: Home) -> list[psutil.Process]:
    """Whatever still runs of the home's stack."""
    return marked(lambda mark, _: mark.rpartition("#")[0] == str(home.path))


class Supervised:
    """A supervisor in a process of its own, over dummy parts."""

    def __init__(self, home: Home, parts: list[dict[str, Any]]) -> None:
        self.home = home
        command = [sys.executable, "-m", "tests.services.supervised", str(home.path), json.dumps(parts)]
        self.process = subprocess.Popen(command, cwd=CHECKOUT, start_new_session=True)

    def state(self) -> StackState | None:
        state = read_state(self.home)
        return state if state and state.pid == self.process.pid else None

    def wait_ready(self) -> StackState:
        state: StackState = wait_until(
            lambda: (state := self.state()) and state.state == "ready" and state, "the stack is ready"
        )
        return state

    def part(self, name: str) -> PartState:
        state = self.state()
        assert state is not None
        return next(part for part in state.parts if part.name == name)

    def log(self) -> str:
        return self.home.log("supervisor").read_text()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    home.create()
    yield home
    for process in processes_of(home):
        process.kill()


@pytest.fixture
def supervise(home: Home) -> Iterator[Callable[..., Supervised]]:
    """Starts a supervisor over the given dummy parts."""
    started: list[Supervised] = []

    def start(*parts: dict[str, Any]) -> Supervised:
        started.append(Supervised(home, list(parts)))
        return started[-1]

    yield start
    for supervised in started:
        supervised.process.kill()
        supervised.process.wait()


@pytest.fixture
def services(home: Home) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Runs `python -m services ...` for the home; it returns when nothing holds its output any more."""

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "services", *words],
            cwd=CHECKOUT,
            env=stack_environment(home) | variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    yield run
    run("down")


def stack_environment(home: Home) -> dict[str, str]:
    """The environment without what another stack's tests may have set in it."""
    named = {"KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "VALKEY_URL", "WRITE_KEY", "READ_KEY", "SECRET_KEY"}
    kept = {name: value for name, value in os.environ.items() if name not in named | {"WEB_PORT", "SHOPPERS"}}
    return kept | {"TRIBUTARY_HOME": str(home.path), "KAFKA_BROKERS": "1"}


@pytest.fixture(scope="session", autouse=True)
def stack() -> None:
    """No servers: these tests bring what they need."""
