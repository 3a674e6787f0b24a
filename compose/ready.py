"""Runs a part in a container and says when it is ready: `python -m compose.ready COMMAND...`.

Parts speak systemd's notify protocol, which the supervisor of `services` hears and Docker does not. This
hears it in a container: from the part's READY=1 on, its newest STATUS stands in the file `ready` of
TRIBUTARY_HOME, and the container's healthcheck prints that file or fails.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path


def run(command: list[str], ready: Path) -> int:
    """Runs `command` to its end, hands on what this process is told by signal, returns its exit code."""
    ready.unlink(missing_ok=True)  # of an earlier run: a container that restarts keeps its files
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver,
    ):
        address = str(Path(folder) / "notify")
        receiver.bind(address)
        part = subprocess.Popen(command, env={**os.environ, "NOTIFY_SOCKET": address})
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda told, _: part.send_signal(told))
        threading.Thread(target=listen, args=(receiver, ready), daemon=True).start()
        code = part.wait()
    ready.unlink(missing_ok=True)
    return code if code >= 0 else 128 - code


def listen(receiver: socket.socket, ready: Path) -> None:
    """Keeps the part's newest status in `ready`, which is not there before the part has said READY=1."""
    is_ready, status = False, "ready"
    while True:
        message = receiver.recv(65536).decode(errors="replace")
        said = dict(line.split("=", 1) for line in message.splitlines() if "=" in line)
        is_ready = is_ready or said.get("READY") == "1"
        status = said.get("STATUS", status)
        if is_ready:
            draft = ready.with_suffix(".draft")
            draft.write_text(status + "\n")
            draft.replace(ready)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], Path(os.environ["TRIBUTARY_HOME"]) / "ready"))
