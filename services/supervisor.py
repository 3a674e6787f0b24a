"""Starts parts as soon as what they need is ready, starts dead ones again, stops all in reverse.

One thread does all of it, the one that calls `run`: the kernel's parent-death signal is tied to the thread
that forked. Only probes, which may block, run on others.
"""

import logging
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

import psutil

from services.home import CHECKOUT, Home
from services.machine import MachineError, check_disk
from services.notify import NotifySockets
from services.part import Part
from services.part_run import PartError, PartRun, Surroundings
from services.process import Stack, kill_leftovers
from services.state import FAILED, READY, STARTING, STOPPED, StackState, write_state

log = logging.getLogger("services")

BUSY_WAIT, IDLE_WAIT = 0.1, 1.0
DISK_EVERY, DISK_LEFT = 10.0, 100 * 2**20
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Runs the `parts` of one home. Hold the home's lock while it runs.

    The first SIGINT, SIGTERM or SIGHUP stops in reverse order, a second one stops all at once, a third kills.
    `observe` is given the state whenever it has changed.
    """

    def __init__(
        self,
        home: Home,
        parts: Sequence[Part],
        environment: Mapping[str, str],
        *,
        shop: str | None = None,
        notes: Sequence[str] = (),
        observe: Callable[[StackState], None] = lambda _: None,
    ) -> None:
        self.home = home
        self.stack = Stack(home)
        self.sockets = NotifySockets()
        self.probes = ThreadPoolExecutor(max_workers=8, thread_name_prefix="probe")
        around = Surroundings(self.stack, environment, self.sockets, self.probes)
        self.runs = {part.name: PartRun(part, around) for part in parts}
        self.needs = {part.name: [need for need in part.needs if need in self.runs] for part in parts}
        me = psutil.Process()
        self.state = StackState(
            pid=me.pid, created=me.create_time(), state=STARTING, shop=shop, notes=list(notes)
        )
        self.observe = observe
        self.published = ""
        self.interrupts = 0
        self.disk_check = 0.0
        self.guard: subprocess.Popen[bytes] | None = None
        self.woken, self.wake = socket.socketpair()
        self.selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Runs until it is told to stop or the start fails; returns the exit code."""
        self.open()
        try:
            while not self.interrupts and not self.state.failure:
                self.advance()
                self.wait()
            self.stop_all()
        finally:
            self.close()
        return 1 if self.state.failure else 0

    # -- running ------------------------------------------------------------------------------------------

    def open(self) -> None:
        for part in kill_leftovers(self.home):
            log.warning("%s was left over from an earlier run and has been killed", part)
        for end in (self.woken, self.wake):
            end.setblocking(False)
        signal.set_wakeup_fd(self.wake.fileno(), warn_on_full_buffer=False)
        self.selector.register(self.woken, selectors.EVENT_READ)
        for number in STOP_SIGNALS:
            signal.signal(number, self.interrupt)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken by it
        self.keep_guard()

    def interrupt(self, number: int, _: FrameType | None) -> None:
        self.interrupts += 1

    def advance(self) -> None:
        now = time.monotonic()
        self.keep_guard()
        try:
            self.keep_disk(now)
            for run in self.runs.values():
                self.check(run, now)
                if run.due(now) and not self.waits_for(run):
                    if run.restarts:
                        log.info("%s is started again", run.part.name)
                    run.launch(now)
        except (PartError, MachineError) as error:
            self.fail(str(error))
        if self.state.state == STARTING and all(run.was_ready for run in self.runs.values()):
            self.state.state = READY
            log.info("all parts are ready")
        self.publish()

    def check(self, run: PartRun, now: float) -> None:
        before, restarts = run.state, run.restarts
        run.check(now)
        if run.restarts > restarts:
            log.warning("%s %s", run.part.name, run.said)
        elif run.state != before:
            log.info("%s is %s%s", run.part.name, run.state, f": {run.said}" if run.said else "")

    def fail(self, reason: str) -> None:
        log.error("%s", reason)
        self.state.failure, self.state.state = reason, FAILED

    def waits_for(self, run: PartRun) -> list[str]:
        """What must have been ready once before the part's first start; a restart waits for nothing."""
        return [need for need in self.needs[run.part.name] if not self.runs[need].was_ready]

    def keep_guard(self) -> None:
        if self.guard and self.guard.poll() is None:
            return
        with self.home.log("guard").open("ab") as output:
            self.guard = subprocess.Popen(
                [sys.executable, "-m", "services.guard", self.stack.mark],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=CHECKOUT,
                start_new_session=True,
            )

    def keep_disk(self, now: float) -> None:
        if now >= self.disk_check:
            check_disk(self.home.path, DISK_LEFT)
            self.disk_check = now + DISK_EVERY

    def publish(self) -> None:
        before = self.state.parts
        self.state.parts = [run.describe(self.waits_for(run)) for run in self.runs.values()]
        if self.state.parts != before or self.published != self.state.state:
            self.published = self.state.state
            write_state(self.home, self.state)
            self.observe(self.state)

    def wait(self) -> None:
        """Until a process ends, a signal comes, or it is time to look again."""
        settled = all(run.state == READY for run in self.runs.values())
        self.selector.select(IDLE_WAIT if settled else BUSY_WAIT)
        try:
            while self.woken.recv(4096):
                pass
        except BlockingIOError:
            return

    # -- stopping -----------------------------------------------------------------------------------------

    def stop_all(self) -> None:
        if not self.state.failure:
            self.state.state = "stopping"
        while any(run.running for run in self.runs.values()):
            now = time.monotonic()
            for run in self.runs.values():
                self.stop(run, now)
            self.publish()
            self.wait()

    def stop(self, run: PartRun, now: float) -> None:
        if not run.running:
            return
        if self.interrupts > 2:
            run.kill()
        elif self.interrupts > 1 or not self.needed_still(run.part.name):
            run.ask_to_stop(now)
        if run.asked_to_stop is not None and now - run.asked_to_stop > run.part.stop_timeout:
            log.warning("%s did not stop within %.0f s and is killed", run.part.name, run.part.stop_timeout)
            run.kill()
        try:
            run.check(now)
        except PartError as error:
            log.warning("while stopping: %s", error)
        if not run.running:
            log.info("%s is stopped", run.part.name)

    def needed_still(self, name: str) -> bool:
        return any(run.running and name in self.all_needs(run.part.name) for run in self.runs.values())

    def all_needs(self, name: str) -> set[str]:
        direct = set(self.needs[name])
        return direct.union(*(self.all_needs(need) for need in direct))

    def close(self) -> None:
        """Also after an unforeseen error: nothing that was started is left."""
        for run in self.runs.values():
            run.kill()
            run.leave()
        if not self.state.failure:
            self.state.state = STOPPED
        self.publish()
        if self.guard and self.guard.stdin:
            self.guard.stdin.close()
            self.guard.wait(10)
        self.probes.shutdown(wait=False, cancel_futures=True)
        self.sockets.close()
        signal.set_wakeup_fd(-1)
        self.selector.close()
