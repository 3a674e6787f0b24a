"""Outlives a killed supervisor for a moment, to take its processes down: `python -m services.guard MARK`.

The supervisor holds the other end of standard input. When that closes, for whatever reason, whatever still
carries the supervisor's mark is killed: also workers whose own master had no time to stop them.
"""

import signal
import sys

from services.process import kill_stack


def main(mark: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    for part in kill_stack(mark):
        print(f"the supervisor is gone: killed what was left of {part}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
