"""Runs a supervisor over dummy parts: `python -m tests.services.supervised HOME PARTS_AS_JSON`."""

import os
import sys
from pathlib import Path

import msgspec

from services.commands import write_log
from services.home import Home
from services.part import Part
from services.state import Lock
from services.supervisor import Supervisor

ALREADY_RUNS = 75


class Dummy(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    run: tuple[str, ...] = ("ready",)
    needs: tuple[str, ...] = ()
    step: bool = False
    start_timeout: float = 60.0
    stop_timeout: float = 20.0

    def part(self) -> Part:
        return Part(
            self.name,
            (sys.executable, str(Path(__file__).with_name("dummy.py")), *self.run),
            needs=self.needs,
            step=self.step,
            start_timeout=self.start_timeout,
            stop_timeout=self.stop_timeout,
        )


def main(folder: str, dummies: str) -> int:
    home = Home(Path(folder))
    home.create()
    write_log(home)
    lock = Lock(home)
    if not lock.acquire():
        return ALREADY_RUNS
    parts = [dummy.part() for dummy in msgspec.json.decode(dummies, type=list[Dummy])]
    return Supervisor(home, parts, os.environ).run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
