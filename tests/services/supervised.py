"""Runs a supervisor over dummy parts: `python -m tests.services.supervised HOME PARTS_AS_JSON`."""

import json
import logging
import os
import signal
import sys
from pathlib import Path

from services.commands import write_log
from services.home import Home
from services.part import Part
from services.state import Lock
from services.supervisor import Supervisor

DUMMY = str(Path(__file__).with_name("dummy.py"))


def dummy_part(given: dict[str, object]) -> Part:
    options = dict(given)
    words = [str(word) for word in options.pop("run", ["ready"])]  # type: ignore[attr-defined]
    needs = tuple(options.pop("needs", ()))  # type: ignore[arg-type]
    return Part(command=(sys.executable, DUMMY, *words), needs=needs, **options)  # type: ignore[arg-type]


def main(folder: str, parts: str) -> int:
    home = Home(Path(folder))
    home.create()
    write_log(home)
    logging.getLogger("services").setLevel(logging.INFO)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    lock = Lock(home)
    if not lock.acquire():
        return 75
    return Supervisor(home, [dummy_part(part) for part in json.loads(parts)], os.environ).run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
