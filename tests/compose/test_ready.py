"""What a container says of its part: ready with a status, or not."""

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from compose import answers

SAYS = """
import sys, sdnotify
notifier = sdnotify.SystemdNotifier()
for line in sys.stdin:
    if line.startswith("exit"):
        sys.exit(int(line.split()[1]))
    notifier.notify(line.strip().replace("|", "\\n"))
    print("said", flush=True)
"""


class Part:
    """A part under `compose.ready` that says and does what it is told on its standard input."""

    def __init__(self, home: Path) -> None:
        self.ready = home / "ready"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "compose.ready", sys.executable, "-uc", SAYS],
            env=os.environ | {"TRIBUTARY_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, line: str) -> None:
        """Returns when the part has said it."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=10)

    def status(self) -> str | None:
        try:
            return self.ready.read_text()
        except FileNotFoundError:
            return None

    def wait_until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s; its status is {self.status()!r}"
            time.sleep(0.01)


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Part]:
    part = Part(tmp_path)
    yield part
    part.stop()


def test_a_part_is_ready_when_it_says_so(part: Part) -> None:
    part.say("STATUS=starting")
    part.say("READY=1|STATUS=at work")

    part.wait_until(lambda: part.status() is not None)
    assert part.status() == "at work\n"


def test_a_status_before_that_is_not_readiness(part: Part) -> None:
    part.say("STATUS=starting")

    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        assert part.status() is None
        time.sleep(0.01)


def test_the_newest_status_is_kept(part: Part) -> None:
    part.say("READY=1")
    part.wait_until(lambda: part.status() == "ready\n")

    part.say("STATUS=batch 7")
    part.wait_until(lambda: part.status() == "batch 7\n")


@pytest.mark.parametrize("code", [0, 3])
def test_a_part_that_has_ended_is_not_ready_and_hands_on_its_exit_code(part: Part, code: int) -> None:
    part.say("READY=1")
    part.wait_until(lambda: part.status() is not None)

    part.say(f"exit {code}")

    assert part.process.wait(20) == code
    assert part.status() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_part_hears_the_signals_that_its_container_is_told(part: Part, number: signal.Signals) -> None:
    part.say("READY=1")
    part.wait_until(lambda: part.status() is not None)

    part.process.send_signal(number)

    assert part.process.wait(20) == 128 + number
    assert part.status() is None


def test_the_readiness_of_an_earlier_run_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "ready").write_text("batch 9\n")
    part = Part(tmp_path)
    try:
        part.wait_until(lambda: part.status() is None)
    finally:
        part.stop()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Not into the tests' output."""


@pytest.fixture
def site() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (204, 0), (400, 1), (503, 1)])
def test_a_site_is_healthy_when_it_answers_well(site: str, status: int, code: int) -> None:
    assert answers.main(f"{site}/{status}") == code


def test_a_site_that_does_not_answer_is_not_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    assert answers.main("http://127.0.0.1:1/") == 1
    assert "did not answer" in capsys.readouterr().out
