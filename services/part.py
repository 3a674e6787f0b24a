"""What the supervisor runs: a server, a process of the product, or a step of its set-up."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ELSEWHERE_SECONDS = 10.0
"""How long a server that runs elsewhere may take to answer: it should be there already."""


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the process list.

    A part is ready when `probe` returns (its text is shown; it raises while the part does not answer).
    Without a probe, a part is ready when it says so by systemd's notify protocol. A `step` is ready when it
    has ended with exit code 0. A part without a command runs elsewhere and is only probed.
    """

    name: str
    command: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """The parts that must be ready before this one is started."""
    step: bool = False
    probe: Callable[[], str] | None = None
    address: str = ""
    environment: Callable[[], Mapping[str, str]] = dict
    """What it finds in its environment besides; asked for at each start."""
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    start_timeout: float = 60.0
    stop_timeout: float = 20.0

    @property
    def elsewhere(self) -> bool:
        return not self.command
