"""What is known of a stack: written by its supervisor, read by `status`, `up` and `down`."""

import fcntl
from pathlib import Path
from typing import IO

import msgspec

from services.home import Home, write_privately
from services.process import is_alive

READY, STARTING, FAILED, STOPPED = "ready", "starting", "failed", "stopped"


class PartState(msgspec.Struct, kw_only=True, rename="camel"):
    name: str
    state: str
    pid: int | None = None
    created: float | None = None
    """With the pid, tells this process from a later one that got its number."""
    address: str = ""
    detail: str = ""
    restarts: int = 0
    step: bool = False
    seconds: float | None = None
    """From its start to its readiness."""


class StackState(msgspec.Struct, kw_only=True, rename="camel"):
    pid: int
    created: float
    state: str
    """`starting` until every part has been ready once, then `ready`; `failed` with the failure; `stopped`."""
    shop: str | None = None
    notes: list[str] = []
    failure: str = ""
    parts: list[PartState] = []


def state_file(home: Home) -> Path:
    return home.run / "state.json"


def write_state(home: Home, state: StackState) -> None:
    text = msgspec.json.format(msgspec.json.encode(state)).decode()
    write_privately(state_file(home), text + "\n", lasting=False)


def read_state(home: Home) -> StackState | None:
    """The state as it was written, with every process checked to be the one that was meant."""
    try:
        state = msgspec.json.decode(state_file(home).read_bytes(), type=StackState)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    supervised = is_alive(state.pid, state.created)
    for part in state.parts:
        if part.step:
            continue
        if not supervised and part.state != STOPPED:
            part.state, part.pid, part.detail = STOPPED, None, "its supervisor was killed"
        elif part.pid is not None and not is_alive(part.pid, part.created):
            part.state, part.pid = FAILED, None
    if not supervised and state.state != FAILED:
        state.state = STOPPED
    return state


class Lock:
    """Held by the one supervisor of a home, for as long as it lives; no stale pid can hold it."""

    def __init__(self, home: Home) -> None:
        self.path = home.run / "lock"
        self.file: IO[str] | None = None

    def acquire(self) -> bool:
        file = self.path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self.file = file
        return True

    def release(self) -> None:
        if self.file:
            self.file.close()
            self.file = None

    def is_held(self) -> bool:
        if self.acquire():
            self.release()
            return False
        return True
