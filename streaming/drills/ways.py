"""The ways to put things back, by name. Each is harmless when done twice, and needs nothing but its arguments."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from typing import Final

import psutil
from django.conf import settings

from services.kafka import java
from streaming.connection import connection
from streaming.drills.models import close
from streaming.drills.parts import resume
from streaming.operating import topics

STOP_SECONDS = 60.0
UNREGISTER_SECONDS = 120.0


def delete_topic(name: str) -> None:
    if name in connection.ask(lambda client: client.list_topics()):
        topics.delete_topic(name)


def stop_broker(file: str) -> None:
    """Those that run with these properties; in order where it can be, so that others lead their partitions first."""
    running = [process for process in psutil.process_iter() if file in command_of(process)]
    for process in running:
        process.send_signal(signal.SIGTERM)
    for process in psutil.wait_procs(running, STOP_SECONDS)[1]:
        process.kill()
        process.wait(STOP_SECONDS)


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # gone meanwhile, or another user's
        return []


def forget_broker(number: int) -> None:
    """Takes a stopped broker out of the cluster's registry, so that nobody waits for it."""
    address = settings.KAFKA_BOOTSTRAP_SERVERS
    command = java("org.apache.kafka.tools.ClusterTool", "unregister", "--bootstrap-server", address)
    done = subprocess.run(
        [*command, "--id", str(number)],
        capture_output=True,
        text=True,
        check=False,
        timeout=UNREGISTER_SECONDS,
        env=dict(os.environ),
    )
    said = done.stdout + done.stderr
    if done.returncode and "not found" not in said:
        raise OSError(f"Broker {number} could not be unregistered: {said.strip()[-300:]}")


def remove_folder(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def unmount(folder: str) -> None:
    if os.path.ismount(folder):
        subprocess.run(["umount", folder], check=True, capture_output=True)


WAYS: Final[dict[str, Callable[..., None]]] = {
    "close": close,
    "delete_topic": delete_topic,
    "forget_broker": forget_broker,
    "remove_folder": remove_folder,
    "resume": resume,
    "stop_broker": stop_broker,
    "unmount": unmount,
}
