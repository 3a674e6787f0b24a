"""Lists over HTTP with 100,000 products and 1,000,000 visitors' lists in the tables, which are filled by SQL.

Alone, against servers that run: `python -m bench.lists`, with DATABASE_URL, VALKEY_URL, KAFKA_BOOTSTRAP_SERVERS and
READ_KEY set.
"""

import asyncio
import base64
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg

from bench.measure import Measurement, Rate, median, p99
from bench.wire import send_all
from tests.stack import ROOT

SQL = Path(__file__).with_suffix(".sql")
DATABASE = "bench_lists"
PRODUCTS = 100_000
VISITORS = 1_000_000
CONNECTIONS = 16
RATE = 500
REQUESTS = 10_000
ROUNDS = 3
API = "/api/recommendations/"
NOTHING = "GET /healthz"


def lists(database_url: str, read_key: str) -> tuple[list[Rate], list[Measurement]]:
    """Fills a database of its own beside that of the address, serves it, and drops it."""
    with (
        filled(database_url) as own_url,
        served(own_url) as address,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as client,
    ):  # a load of another process

        def send(path: Callable[[], str], rate: float | None = None) -> tuple[list[float], float]:
            requests = [request(path(), read_key) for _ in range(REQUESTS if rate is None else 20 * RATE)]
            return client.submit(send_now, address, requests, rate).result()

        send(visitors_list)  # plans are made, and pages come into memory
        own, nothing = [], []
        for _ in range(ROUNDS):
            own.append(REQUESTS / send(visitors_list)[1])
            nothing.append(REQUESTS / send(lambda: "/healthz")[1])
        idle, _ = send(lambda: "/healthz", RATE)
        measured = []
        for name, path in {
            "a visitor's": visitors_list,
            "similar": similar_list,
            "mixed with category": list_in_category,
        }.items():
            times, _ = send(path, RATE)
            measured.append(
                Measurement(
                    f"lists: {name}, {RATE}/s",
                    median(times),
                    p99(times),
                    len(times),
                    NOTHING,
                    median(idle),
                    "p99 < 10",
                )
            )
    return [
        Rate(f"lists: a visitor's, {CONNECTIONS} connections", own, NOTHING, nothing, "1,500/s")
    ], measured


def visitors_list() -> str:
    return f"{API}visitor/visitor-{random.randrange(VISITORS)}/"


def similar_list() -> str:
    return f"{API}product/product-{random.randrange(PRODUCTS)}/"


def list_in_category() -> str:
    return f"{visitors_list()}?category=category-{random.randrange(400)}"


def send_now(address: str, requests: list[bytes], rate: float | None) -> tuple[list[float], float]:
    return asyncio.run(send_all(address, requests, CONNECTIONS, rate=rate))


def request(path: str, read_key: str) -> bytes:
    basic = base64.b64encode(f"{read_key}:".encode()).decode()
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {basic}\r\n\r\n".encode()


@contextmanager
def filled(database_url: str) -> Iterator[str]:
    """The address of a database with the shop of `lists.sql` in it."""
    own_url = urlsplit(database_url)._replace(path=f"/{DATABASE}").geturl()
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {DATABASE}")
        try:
            environment = os.environ | {"DATABASE_URL": own_url}
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True
            )
            with psycopg.connect(own_url, autocommit=True) as own:
                own.execute("SET synchronous_commit = off")
                for statement in SQL.read_text().split(";\n"):
                    if statement.strip():
                        own.execute(statement.encode())
                own.execute("VACUUM ANALYZE")
            yield own_url
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


@contextmanager
def served(database_url: str) -> Iterator[str]:
    """The address of a web process of its own on that database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--no-access-log", "--log-level", "warning", "config.asgi:application"),
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"DATABASE_URL": database_url})
    try:
        wait_for(f"{address}/healthz")
        yield address
    finally:
        process.terminate()
        process.wait(30)


def wait_for(address: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            httpx.get(address).raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    rates, measurements = lists(os.environ["DATABASE_URL"], os.environ["READ_KEY"])
    for rate in rates:
        sys.stdout.write(
            f"{rate.name}: {[round(each) for each in rate.rounds]} /s; {rate.baseline}: "
            f"{[round(each) for each in rate.baseline_rounds]} /s\n"
        )
    for each in measurements:
        sys.stdout.write(
            f"{each.name}: median {each.median:.1f} ms, p99 {each.p99:.1f} ms; "
            f"{each.baseline}: {each.baseline_median:.1f} ms\n"
        )
