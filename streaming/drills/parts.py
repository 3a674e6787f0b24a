"""The parts of the stack that a drill strikes: their processes, by the names of the process list."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass

import psutil

from services.home import Home
from services.process import is_alive
from services.state import READY, PartState, read_state

POLL_SECONDS = 0.1
BACK_SECONDS = 300.0


class NotHereError(Exception):
    """The drill cannot run against this installation; the message says what it lacks."""


class NotBackError(Exception):
    """A part did not come back in time."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A part's process that a drill has killed or paused."""

    part: str
    pid: int
    created: float


class Parts:
    """The embedded stack's parts. Its supervisor starts again what is killed."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def names(self) -> list[str]:
        state = read_state(self.home)
        return [part.name for part in state.parts if not part.step] if state else []

    def of(self, name: str) -> PartState:
        state = read_state(self.home)
        found = next((part for part in state.parts if part.name == name), None) if state else None
        if found is None:
            raise NotHereError(
                f"The stack of {self.home.path} runs no part “{name}”: start it with `make up`."
            )
        return found

    def running(self, name: str) -> Struck:
        """The part's process. Raises NotHereError where there is none."""
        part = self.of(name)
        if part.pid is None or part.created is None:
            raise NotHereError(
                f"{name} is not a process of this stack ({part.state} at {part.address or 'no address'}): a drill"
                " can only strike what the stack started itself."
            )
        return Struck(name, part.pid, part.created)

    def kill(self, name: str) -> Struck:
        """`kill -9`."""
        struck = self.running(name)
        os.kill(struck.pid, signal.SIGKILL)
        return struck

    def kill_if_running(self, name: str) -> None:
        """For a part that is to stay down: it may be gone already, or be about to be started again."""
        part = self.of(name)
        if part.pid is not None and is_alive(part.pid, part.created):
            with_pid = psutil.Process(part.pid)
            with_pid.kill()

    def pause(self, name: str) -> Struck:
        """SIGSTOP: connections stay open, and nobody answers on them."""
        struck = self.running(name)
        os.kill(struck.pid, signal.SIGSTOP)
        return struck

    def is_back(self, struck: Struck) -> bool:
        part = self.of(struck.part)
        return part.state == READY and part.pid not in (None, struck.pid)

    async def until_back(self, struck: Struck, seconds: float = BACK_SECONDS) -> None:
        """Until another process of the part is ready. Raises NotBackError."""
        deadline = time.monotonic() + seconds
        while not self.is_back(struck):
            if time.monotonic() > deadline:
                raise NotBackError(f"{struck.part} was not back within {seconds:.0f} s: see its log.")
            await asyncio.sleep(POLL_SECONDS)


def resume(pid: int, created: float) -> None:
    """SIGCONT for a process that was paused, provided that it is still that one."""
    if is_alive(pid, created):
        os.kill(pid, signal.SIGCONT)
