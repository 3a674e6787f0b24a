"""A part for the supervisor's tests: `dummy.py KIND [FILE]`. It logs what it is told and holds nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import sdnotify


def say_ready() -> None:
    sdnotify.SystemdNotifier().notify("READY=1\nSTATUS=at work")


def sleep_on() -> None:
    while True:
        time.sleep(60)


def main(kind: str, file: str = "") -> None:
    print(f"I am {kind}", flush=True)
    match kind:
        case "ready":
            say_ready()
        case "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            say_ready()
        case "fails":
            sys.exit("no such table: fish")
        case "master":
            # One worker in the master's session, one that has left it, and a grandchild.
            sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
            parent = [sys.executable, "-c", f"import subprocess; subprocess.run({sleeper!r})"]
            workers = [
                subprocess.Popen(sleeper),
                subprocess.Popen(sleeper, start_new_session=True),
                subprocess.Popen(parent, start_new_session=True),
            ]
            Path(file).write_text(" ".join(str(pid) for pid in [os.getpid(), *(w.pid for w in workers)]))
            say_ready()
    sleep_on()


if __name__ == "__main__":
    main(*sys.argv[1:])
