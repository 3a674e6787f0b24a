"""The life of one part: started, ready, dead, started again, stopped."""

import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from services.notify import NotifySockets
from services.part import Part
from services.process import Stack, create_time, has_ended, kill_part, kill_session, start
from services.state import FAILED, READY, STARTING, STOPPED, PartState

FIRST_DELAY, LONGEST_DELAY = 0.5, 15.0
HEALTHY_SECONDS = 30.0
"""A part that was ready for so long begins again with the shortest delay."""
DEATHS_BEFORE_READY = 4
PROBE_STARTING, PROBE_READY = 0.25, 5.0


class PartError(Exception):
    """A part never became ready: the stack cannot start. The message is for the user."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all parts of a stack share."""

    stack: Stack
    environment: Mapping[str, str]
    sockets: NotifySockets
    probes: Executor


class PartRun:
    """Drives one part. `launch`, `check` and the rest are called by the supervisor's main thread only."""

    def __init__(self, part: Part, around: Surroundings) -> None:
        self.part = part
        self.around = around
        self.state = STARTING
        self.process: subprocess.Popen[bytes] | None = None
        self.created: float | None = None
        self.said = ""
        self.trouble = ""
        self.restarts = 0
        self.deaths = 0
        self.delay = FIRST_DELAY
        self.retry_at: float | None = None
        self.first_launch: float | None = None
        self.launched = 0.0
        self.ready_since: float | None = None
        self.seconds: float | None = None
        self.probing: Future[str] | None = None
        self.next_probe = 0.0
        self.asked_to_stop: float | None = None

    @property
    def running(self) -> bool:
        return self.process is not None

    @property
    def was_ready(self) -> bool:
        return self.seconds is not None

    def due(self, now: float) -> bool:
        """Whether it is to be launched now, provided that what it needs is ready."""
        if self.process or (self.part.step and self.was_ready):
            return False
        if self.part.elsewhere:
            return self.first_launch is None
        return self.retry_at is None or now >= self.retry_at

    def launch(self, now: float) -> None:
        self.first_launch = now if self.first_launch is None else self.first_launch
        self.launched = self.next_probe = now
        self.retry_at = self.ready_since = self.probing = None
        self.state, self.said = STARTING, ""
        if self.part.elsewhere:
            return
        environment = dict(self.around.environment)
        if not self.part.step and self.part.probe is None:
            environment["NOTIFY_SOCKET"] = self.around.sockets.open(self.part.name)
        self.process = start(self.part, self.around.stack, environment)
        self.created = create_time(self.process.pid)

    def check(self, now: float) -> None:
        """Looks at the process, its messages and its probe; raises PartError when there is no hope."""
        if self.process and has_ended(self.process):
            self.bury(now)
            return
        if self.first_launch is None or (self.process is None and not self.part.elsewhere):
            return
        self.listen(now)
        if self.part.probe:
            self.probe(now)
        if self.ready_since is None and now - self.launched > self.part.start_timeout:
            self.give_up_waiting()

    def listen(self, now: float) -> None:
        for message in self.around.sockets.receive(self.part.name):
            self.said = message.get("STATUS", self.said)
            if message.get("READY") == "1":
                self.become_ready(now)

    def probe(self, now: float) -> None:
        if self.probing is None:
            if now >= self.next_probe and self.part.probe:
                self.probing = self.around.probes.submit(self.part.probe)
            return
        if not self.probing.done():
            return
        error, answered = self.probing.exception(), self.probing
        self.probing = None
        if error is None:
            self.said = answered.result()
            self.become_ready(now)
        elif self.ready_since is None:
            self.said = f"no answer yet: {one_line(error)}"
        else:
            self.state, self.said = FAILED, f"does not answer: {one_line(error)}"
        self.next_probe = now + (PROBE_READY if self.state == READY else PROBE_STARTING)

    def become_ready(self, now: float) -> None:
        self.state = READY
        if self.ready_since is None:
            self.ready_since = now
        if self.seconds is None and self.first_launch is not None:
            self.seconds = now - self.first_launch

    def give_up_waiting(self) -> None:
        reason = f"was not ready within {self.part.start_timeout:.0f} s"
        if not self.was_ready:
            raise PartError(self.explain(reason))
        self.trouble = reason
        if self.process:
            kill_session(self.process)  # the next check buries it and tries again

    def bury(self, now: float) -> None:
        """The process has ended: takes its descendants along and decides what follows."""
        if self.process is None:
            return
        kill_session(self.process)
        code = self.process.wait()
        kill_part(self.around.stack, self.part.name)
        self.process = self.created = self.probing = None
        if self.asked_to_stop is not None:
            self.state, self.said = STOPPED, ""
        elif self.part.step and code == 0:
            self.become_ready(now)
        else:
            self.mourn(now, how_it_ended(code))

    def mourn(self, now: float, ending: str) -> None:
        self.deaths += 1
        if not self.was_ready and (self.part.step or self.deaths >= DEATHS_BEFORE_READY):
            times = f"{self.deaths} times, last " if self.deaths > 1 else ""
            raise PartError(self.explain(f"ended {times}before it was ready, {ending}"))
        if self.ready_since is not None and now - self.ready_since >= HEALTHY_SECONDS:
            self.delay = FIRST_DELAY
        self.restarts += 1
        self.state, self.ready_since = FAILED, None
        self.trouble = f"{ending} at {time.strftime('%H:%M:%S')}"
        self.said = f"{self.trouble}, starts again after {self.delay:g} s"
        self.retry_at = now + self.delay
        self.delay = min(2 * self.delay, LONGEST_DELAY)

    def ask_to_stop(self, now: float) -> None:
        if self.process and self.asked_to_stop is None:
            self.asked_to_stop = now
            self.said = "stopping"
            self.process.send_signal(self.part.stop_signal)
            self.process.send_signal(signal.SIGCONT)  # one that was suspended could not obey

    def kill(self) -> None:
        if self.process:
            self.asked_to_stop = self.asked_to_stop or time.monotonic()
            kill_session(self.process)

    def leave(self) -> None:
        """The stack has ended: whatever became of the part, it is stopped and reaped."""
        if self.process:
            self.process.wait()
            kill_part(self.around.stack, self.part.name)
        self.state, self.process, self.created, self.said = STOPPED, None, None, ""

    def history(self) -> str:
        times = "once" if self.restarts == 1 else f"{self.restarts} times"
        return f"restarted {times}, last {self.trouble}"

    def explain(self, reason: str) -> str:
        if self.part.elsewhere:
            return f"{self.part.name} at {self.part.address} {reason}: {self.said}."
        log = self.around.stack.home.log(self.part.name)
        lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
        shown = self.around.stack.home.shown(log)
        return "\n  ".join([f"{self.part.name} {reason}. Its log, {shown}, ends:", *lines])

    def describe(self, waits_for: list[str]) -> PartState:
        said = self.said
        if self.state == STARTING and self.first_launch is None and waits_for:
            said = f"waits for {', '.join(waits_for)}"
        return PartState(
            name=self.part.name,
            state=self.state,
            pid=self.process.pid if self.process else None,
            created=self.created,
            address=self.part.address,
            detail=f"{said}; {self.history()}" if self.restarts and self.state != FAILED else said,
            restarts=self.restarts,
            step=self.part.step,
            seconds=self.seconds,
        )


def how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    return f"killed by {signal.Signals(-code).name}"


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
