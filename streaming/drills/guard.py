"""Outlives a killed drill for a moment, to put back what it owed: `python -m streaming.drills.guard`."""

import json
import os
import signal
import sys
import time
from typing import Any

TRIES, PAUSE_SECONDS = 30, 2.0


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    owed: dict[int, dict[str, Any]] = {}
    for line in sys.stdin.buffer:
        told = json.loads(line)
        if "paid" in told:
            del owed[told["paid"]]
        else:
            owed[told["owed"]] = told
    if owed:
        put_back([owed[number] for number in sorted(owed, reverse=True)])


def put_back(debts: list[dict[str, Any]]) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from streaming.drills.ways import WAYS

    for debt in debts:
        for left in reversed(range(TRIES)):
            try:
                WAYS[debt["way"]](**debt["arguments"])
            except Exception as error:  # noqa: BLE001 (whatever it is: it is told, tried again, and the rest is done)
                print(f"not put back yet: {debt}: {error!r}", flush=True)
                if left:
                    time.sleep(PAUSE_SECONDS)
            else:
                print(f"the drill was killed; put back: {debt}", flush=True)
                break


if __name__ == "__main__":
    main()
