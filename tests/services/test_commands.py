import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from services.home import CHECKOUT, Home
from services.report import report
from services.state import PartState, StackState, read_state, write_state
from tests.services.conftest import processes_of, stack_environment, wait_until

Services = Callable[..., subprocess.CompletedProcess[str]]

# Valkey alone: the quickest of the real servers.
BUT_VALKEY = (
    "--without",
    "kafka-jars,kafka-format,kafka-1,postgres-init,postgres,spark-jars,migrate,create-topics,load-catalogue,"
    "create-admin,spark,web,push,relay,worker,beat,shoppers",
)
# A broker takes seconds to start, and Valkey is up long before it.
BUT_SERVERS = (
    "--without",
    "spark-jars,migrate,create-topics,load-catalogue,create-admin,spark,web,push,relay,worker,beat,shoppers",
)


def status(home: Home, by: tuple[str, ...] = ("-m", "services")) -> tuple[int, dict[str, object]]:
    outcome = subprocess.run(
        [sys.executable, *by, "status", "--json"],
        cwd=CHECKOUT,
        env=stack_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    return outcome.returncode, json.loads(outcome.stdout)


def test_up_twice_then_down_twice(home: Home, services: Services) -> None:
    first = services("up", *BUT_VALKEY)
    assert first.returncode == 0, first.stdout + first.stderr
    state = read_state(home)
    assert state is not None

    again = services("up", *BUT_VALKEY)
    assert again.returncode == 0
    assert f"runs already (pid {state.pid}): the shop is at http://127.0.0.1:" in again.stdout
    assert (kept := read_state(home)) is not None
    assert kept.parts[0].pid == state.parts[0].pid

    code, found = status(home, by=("manage.py",))
    assert (code, found["ready"]) == (0, True)
    assert status(home) == (code, found)

    assert "valkey stopped" in services("down").stdout
    assert not processes_of(home)
    code, found = status(home)
    assert (code, found["ready"]) == (1, False)
    assert services("down").stdout == "Nothing runs.\n"


def test_status_before_the_first_start_says_that_all_is_stopped(home: Home, services: Services) -> None:
    services("configure")

    code, found = status(home)

    assert code == 1
    assert {part["state"] for part in found["parts"]} == {"stopped"}  # type: ignore[attr-defined]
    assert found["readKey"] == home.secret("read-key")
    assert found["writeKey"] == home.secret("write-key")
    assert found["adminPasswordFile"] == str(home.path / "admin-password")
    assert "Nothing runs: `make up` starts it." in services("status").stdout


def test_secrets_stay_and_are_private(home: Home, services: Services) -> None:
    services("configure")
    before = {file.name: file.read_text() for file in home.path.iterdir() if file.is_file()}
    services("configure")

    assert {file.name: file.read_text() for file in home.path.iterdir() if file.is_file()} == before
    assert {"secret-key", "write-key", "read-key", "admin-password", "stack.json"} <= before.keys()
    assert {oct((home.path / name).stat().st_mode & 0o777) for name in before} == {"0o600"}


def test_pid_of_a_stranger_is_neither_believed_nor_killed(home: Home, services: Services) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        born_earlier = psutil.Process(stranger.pid).create_time() - 3600
        stale = PartState(name="valkey", state="ready", pid=stranger.pid, created=born_earlier)
        write_state(home, StackState(pid=stranger.pid, created=born_earlier, state="ready", parts=[stale]))

        code, found = status(home)
        assert code == 1
        assert found["parts"][0]["state"] == "stopped"  # type: ignore[index]

        assert services("down").stdout == "Nothing runs.\n"
        assert services("up", *BUT_VALKEY).returncode == 0
        assert services("down").returncode == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_part_killed_behind_the_supervisors_back_is_not_ready(home: Home) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    me = psutil.Process()
    parts = [
        PartState(name="web", state="ready", pid=me.pid, created=me.create_time()),
        PartState(name="push", state="ready", pid=gone.pid, created=time.time()),
    ]
    write_state(home, StackState(pid=me.pid, created=me.create_time(), state="ready", parts=parts))

    found = report(home)

    assert [part["state"] for part in found["parts"]] == ["ready", "failed"]
    assert found["ready"] is False


def test_torn_state_file_is_no_obstacle(home: Home, services: Services) -> None:
    (home.run / "state.json").write_text('{"pid": 12')

    assert status(home)[0] == 1
    assert services("up", *BUT_VALKEY).returncode == 0


def test_busy_web_port_is_told_and_starts_nothing(home: Home, services: Services) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        outcome = services("up", *BUT_VALKEY, WEB_PORT=port)

    assert outcome.returncode == 1
    assert f"Port {port} (WEB_PORT) is taken by python (pid {os.getpid()}): stop that" in outcome.stderr
    assert not processes_of(home)


def test_failed_start_says_why_and_leaves_nothing(home: Home, services: Services) -> None:
    outcome = services("up", *BUT_VALKEY, VALKEY_URL="redis://127.0.0.1:1/0")

    assert outcome.returncode == 1
    assert "valkey at 127.0.0.1:1 was not ready within" in outcome.stdout
    assert "Connection refused" in outcome.stdout
    assert not processes_of(home)


def test_server_that_runs_elsewhere_has_no_pid_and_is_checked(home: Home, services: Services) -> None:
    own = home.path.with_name("own")
    services("up", *BUT_VALKEY, TRIBUTARY_HOME=str(own))
    try:
        running = read_state(Home(own))
        assert running is not None
        address = running.parts[0].address

        assert services("up", *BUT_VALKEY, VALKEY_URL=f"redis://{address}/3").returncode == 0
        part = report(home)["parts"][0]
        assert (part["state"], part["pid"], part["address"]) == ("ready", None, f"{address}")

        services("down", TRIBUTARY_HOME=str(own))
        wait_until(lambda: report(home)["parts"][0]["state"] == "failed", "its absence is seen")
        assert "does not answer" in report(home)["parts"][0]["detail"]
        assert report(home)["ready"] is False
    finally:
        services("down", TRIBUTARY_HOME=str(own))


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("KAFKA_BROKERS", "2", "KAFKA_BROKERS='2' is not usable: it accepts 1 or 3."),
        ("SHOPPERS", "many", "SHOPPERS='many' is not usable: it accepts 0 for none"),
    ],
)
def test_bad_value_names_the_variable(variable: str, value: str, told: str, services: Services) -> None:
    outcome = services("up", **{variable: value})

    assert outcome.returncode == 1
    assert told in outcome.stderr


@pytest.fixture
def heeded() -> Iterator[None]:
    """Ctrl-C is what it is in a terminal, also where the tests run in a script's background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_takes_back_what_up_began(home: Home, tmp_path: Path, heeded: None) -> None:
    screen = tmp_path / "screen"
    with screen.open("w") as output:
        up = subprocess.Popen(
            [sys.executable, "-m", "services", "up", *BUT_SERVERS],
            cwd=CHECKOUT,
            env=stack_environment(home),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    wait_until(lambda: "✓ valkey" in screen.read_text(), "the first server is up")
    os.killpg(up.pid, signal.SIGINT)

    assert up.wait(30) == 130
    shown = screen.read_text()
    assert "■ valkey stopped" in shown
    assert shown.endswith("Interrupted: everything that had been started is stopped.\n")
    assert not processes_of(home)


def test_ctrl_c_stops_the_foreground_stack(home: Home, tmp_path: Path) -> None:
    screen = tmp_path / "screen"
    with screen.open("w") as output:
        demo = subprocess.Popen(
            [sys.executable, "-m", "services", "demo", *BUT_VALKEY],
            cwd=CHECKOUT,
            env=stack_environment(home),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    wait_until(lambda: home.secret("admin-password") in screen.read_text(), "the password is shown")
    pid = next(p.pid for p in (read_state(home) or pytest.fail("no state")).parts if p.name == "valkey")
    os.kill(pid or 0, signal.SIGKILL)
    wait_until(lambda: "valkey again" in " ".join(screen.read_text().split()), "the restart is shown")
    os.killpg(demo.pid, signal.SIGINT)

    assert demo.wait(20) == 0
    shown = " ".join(screen.read_text().split())
    assert "! valkey killed by SIGKILL at" in shown
    assert "■ valkey stopped Everything is stopped" in shown
    assert not processes_of(home)
