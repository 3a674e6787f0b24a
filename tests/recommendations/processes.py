"""A command of the product as a process of its own, which says when it is ready as it says to systemd."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.stack import ROOT

READY_SECONDS = 60
STOP_SECONDS = 10


class Process:
    """`python manage.py COMMAND`, ready inside the `with`, gone after it. `output` is a file of what it says."""

    def __init__(self, command: str, environment: Mapping[str, str], folder: Path) -> None:
        self.command = command
        self.environment = environment
        self.folder = folder
        self.output = folder / f"{command}.log"

    def __enter__(self) -> Self:
        address = self.folder / "notify"
        address.unlink(missing_ok=True)
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(str(address))
        self.notices.settimeout(READY_SECONDS)
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", self.command],
                cwd=ROOT,
                env={**self.environment, "NOTIFY_SOCKET": str(address)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.wait_for_notice("READY=1")
        return self

    def __exit__(self, *_: TracebackType | type[BaseException] | BaseException | None) -> None:
        self.kill()
        self.notices.close()

    def wait_for_notice(self, text: str) -> None:
        """Returns when the process has said it; raises TimeoutError with what it said instead."""
        try:
            while text not in self.notices.recv(4096).decode():
                pass
        except TimeoutError as error:
            raise TimeoutError(f"{self.command} did not say {text}: {self.said()}") from error

    def said(self) -> str:
        return self.output.read_text()

    def kill(self) -> None:
        """As the kernel or a power failure does it."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def terminate(self) -> int:
        """Asks it to end, and returns its exit code."""
        os.kill(self.process.pid, signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)
