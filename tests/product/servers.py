"""The processes of Kafka and Postgres, stopped or killed for as long as a test wants."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.stack import Product

BROKERS = ("kafka-1", "kafka-2", "kafka-3")


def brokers(*names: str) -> list[psutil.Process]:
    """The running brokers of these names; the supervisor starts a new process for one that ended."""
    files = {str(Path(os.environ["TRIBUTARY_HOME"]) / "run" / f"{name}.properties") for name in names}
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess):
            if files & set(process.cmdline()):
                found.append(process)
    return found


def postgres(product: Product) -> list[psutil.Process]:
    """The server's process and one for each connection."""
    server = psutil.Process(int(product.part("postgres")["pid"]))
    return [server, *server.children(recursive=True)]


@contextlib.contextmanager
def paused(stopped: list[psutil.Process]) -> Iterator[None]:
    """SIGSTOP: connections stay open, and nobody answers on them."""
    assert stopped
    for process in stopped:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            process.send_signal(signal.SIGCONT)


async def keep_killed(seconds: float, *names: str) -> None:
    """SIGKILL for brokers, and again for each that is started anew."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for process in await asyncio.to_thread(brokers, *names):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        await asyncio.sleep(0.5)
