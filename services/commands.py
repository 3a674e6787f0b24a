"""`demo`, `servers`, `up`, `down` and `status`, as the Makefile calls them."""

import json
import logging
import os
import signal
import subprocess
import sys
import time

from services.display import Display
from services.home import CHECKOUT, Home
from services.machine import check_disk, find_java
from services.process import is_alive, kill_leftovers
from services.report import report, table
from services.stack import plan
from services.state import FAILED, READY, Lock, StackState, read_state
from services.supervisor import Supervisor

UP_SECONDS = 900.0
DOWN_SECONDS = 120.0


class CommandError(Exception):
    """The command cannot do what was asked; the message says what to do."""


def run_in_foreground(home: Home, *, servers_only: bool, without: frozenset[str]) -> int:
    """`demo` and `servers`: runs until it is told to stop."""
    display = Display(home)
    with display:
        code = supervise(home, display, servers_only=servers_only, without=without)
    if code == 0:
        display.console.print("Everything is stopped; the data stays in " + home.shown(home.data) + ".")
    return code


def supervise(home: Home, display: Display | None, *, servers_only: bool, without: frozenset[str]) -> int:
    """Runs the stack in this process, which becomes its supervisor."""
    check_disk(home.path)
    find_java()
    home.create()
    lock = Lock(home)
    if not lock.acquire():
        raise CommandError(already_runs(home))
    write_log(home)
    planned = plan(home, os.environ, servers_only=servers_only, without=without)
    supervisor = Supervisor(
        home,
        planned.parts,
        planned.environment,
        shop=planned.shop,
        notes=planned.notes,
        observe=display.show if display else lambda _: None,
    )
    try:
        return supervisor.run()
    finally:
        lock.release()


def write_log(home: Home) -> None:
    logging.basicConfig(
        filename=home.log("supervisor"),
        format="%(asctime)s %(levelname)s %(message)s",
        level=logging.INFO,
        force=True,
    )


def already_runs(home: Home) -> str:
    state = read_state(home)
    shop = f": the shop is at {state.shop}" if state and state.shop else ""
    pid = f" (pid {state.pid})" if state else ""
    return f"The stack of {home.path} runs already{pid}{shop}. `make status` shows it, `make down` stops it."


def up(home: Home, *, without: frozenset[str]) -> int:
    """Starts the stack detached and returns when all of it is ready."""
    check_disk(home.path)
    find_java()
    home.create()
    log = home.log("supervisor")
    logged = log.stat().st_size if log.exists() else 0
    known: StackState | None = None
    supervisor: subprocess.Popen[bytes] | None = None
    if Lock(home).is_held():
        sys.stdout.write(already_runs(home) + "\n")
        known = read_state(home)
    else:
        supervisor = detach(home, without)
    with Display(home, known) as display:
        state = follow(home, display, supervisor)
    if state and state.state == READY:
        return 0
    if state is None or state.state != FAILED:
        said = log.read_bytes()[logged:].decode(errors="replace").strip()
        sys.stderr.write(f"{said}\nThe stack did not start (its log is {home.shown(log)}).\n")
    return 1


def detach(home: Home, without: frozenset[str]) -> subprocess.Popen[bytes]:
    """A supervisor in a session of its own that holds none of its caller's files."""
    command = [sys.executable, "-m", "services", "supervise", "--without", ",".join(sorted(without))]
    with home.log("supervisor").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env={**os.environ, "TRIBUTARY_HOME": str(home.path)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def follow(home: Home, display: Display, supervisor: subprocess.Popen[bytes] | None) -> StackState | None:
    """Shows the start until it is ready or has failed; Ctrl-C takes back what it began."""
    deadline = time.monotonic() + UP_SECONDS
    try:
        while time.monotonic() < deadline:
            ended = supervisor is not None and supervisor.poll() is not None
            state = read_state(home)
            if state and (supervisor is None or state.pid == supervisor.pid):
                display.show(state)
                if state.state == READY or ended:
                    return state
            elif ended:
                return None
            if supervisor is None and not Lock(home).is_held():
                return state
            time.sleep(0.2)
    except KeyboardInterrupt:
        if supervisor:
            take_back(home, display, supervisor)
        raise
    return None


def take_back(home: Home, display: Display, supervisor: subprocess.Popen[bytes]) -> None:
    """Stops what was begun, in sight of whoever interrupted it."""
    supervisor.send_signal(signal.SIGTERM)
    while supervisor.poll() is None:
        state = read_state(home)
        if state and state.pid == supervisor.pid:
            display.show(state)
        time.sleep(0.1)
    display.console.print("Interrupted: everything that had been started is stopped.")


def down(home: Home) -> int:
    """Stops the stack in order and waits for it; also clears what a killed supervisor may have left."""
    home.create()
    lock = Lock(home)
    state = read_state(home)
    ran = lock.is_held()
    if ran and state and is_alive(state.pid, state.created):
        os.kill(state.pid, signal.SIGTERM)
        wait_for_end(home, state)
    if not lock.acquire():
        raise CommandError(
            f"Another process holds {lock.path}, and it is not the supervisor that {home.run} tells of. "
            f"Find it (`fuser {lock.path}`) and stop it."
        )
    try:
        for part in kill_leftovers(home):
            sys.stdout.write(f"{part} was left over and has been killed\n")
    finally:
        lock.release()
    sys.stdout.write("Everything is stopped.\n" if ran else "Nothing runs.\n")
    return 0


def wait_for_end(home: Home, state: StackState) -> None:
    deadline = time.monotonic() + DOWN_SECONDS
    with Display(home, known=state) as display:
        while is_alive(state.pid, state.created):
            if time.monotonic() > deadline:
                os.kill(state.pid, signal.SIGKILL)  # its guard takes the rest down
            if newest := read_state(home):
                display.show(newest)
            time.sleep(0.2)
        if last := read_state(home):  # it may have ended while this slept
            display.show(last)


def status(home: Home, *, as_json: bool) -> int:
    found = report(home)
    sys.stdout.write((json.dumps(found, indent=2) if as_json else table(found)) + "\n")
    return 0 if found["ready"] else 1


def configure(home: Home) -> int:
    """Generates the secrets and chooses the addresses, so that Django's settings can be read."""
    home.create()
    if not (home.path / "stack.json").exists():
        plan(home, os.environ, servers_only=True)
    return 0
