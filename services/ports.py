"""Which port each server listens on: a block of the stack's own, so that two checkouts run side by side.

The block follows from the folder's path and lies below the ports that systems hand out to clients.
`<NAME>_PORT` (WEB_PORT, POSTGRES_PORT, VALKEY_PORT, KAFKA_1_PORT, ...) overrides the choice.
"""

import os
import socket
from collections.abc import Iterable

import psutil

from services.home import Home

FIRST, BLOCK, BLOCKS = 20_000, 20, 500
WEB_DEFAULT = 8000
OFFSETS = {
    "kafka-1": 0,
    "kafka-2": 1,
    "kafka-3": 2,
    "kafka-controller-1": 3,
    "kafka-controller-2": 4,
    "kafka-controller-3": 5,
    "postgres": 6,
    "valkey": 7,
}


class PortError(Exception):
    """A port that was asked for cannot be had; the message says who holds it and what to do."""


def choose_ports(home: Home, names: Iterable[str]) -> tuple[dict[str, int], list[str]]:
    """A free port for each name, and notes for the user about those that are not the usual ones."""
    block = FIRST + home.digest() % BLOCKS * BLOCK
    ports: dict[str, int] = {}
    notes: list[str] = []
    for name in names:
        usual = WEB_DEFAULT if name == "web" else block + OFFSETS[name]
        ports[name] = asked_port(name) or next_free(usual, set(ports.values()))
        if name == "web" and ports[name] != usual and not asked_port(name):
            notes.append(f"Port {usual} is taken{holder_of(usual)}: the shop uses {ports[name]} instead.")
    return ports, notes


def asked_port(name: str) -> int | None:
    """The port that the environment asks for, once it is known to be a port and free."""
    variable = name.upper().replace("-", "_") + "_PORT"
    raw = os.environ.get(variable, "").strip()
    if not raw:
        return None
    if not raw.isdecimal() or not 1 <= int(raw) <= 65535:
        raise PortError(f"{variable}={raw!r} is not usable: it accepts a port from 1 to 65535.")
    if not is_free(int(raw)):
        raise PortError(
            f"Port {raw} ({variable}) is taken{holder_of(int(raw))}: stop that program, or set {variable} "
            f"to another port, or unset it to have a free one chosen."
        )
    return int(raw)


def next_free(usual: int, taken: set[int]) -> int:
    for port in range(usual, min(usual + 10 * BLOCK, 65536)):
        if port not in taken and is_free(port):
            return port
    raise PortError(f"No port from {usual} to {usual + 10 * BLOCK} is free.")


def is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def holder_of(port: int) -> str:
    """` by granian (pid 123)`, or nothing where the system does not tell."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        return ""
    return ""
