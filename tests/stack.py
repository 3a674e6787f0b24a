"""Starts the whole product once for a test run, on embedded servers in `.local/test`, and stops it at the end.

A stack that is up already is used and left up: `TRIBUTARY_HOME=.local/test make up` saves a developer the wait.
Where DATABASE_URL, VALKEY_URL and KAFKA_BOOTSTRAP_SERVERS are all set, those servers are used and none is started.
TEST_SERVERS_ONLY=1 starts Kafka, Postgres and Valkey and no more, for `-m "not product"`.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ("DATABASE_URL", "VALKEY_URL", "KAFKA_BOOTSTRAP_SERVERS")
BESIDES = (
    "spark-jars,migrate,create-topics,load-catalogue,create-admin,spark,web,push,relay,worker,beat,shoppers"
)
"""What the product has besides its servers."""
WITH_PRODUCT = {"browser", "services", "shop"}
"""Folders of tests that need no product and run in its tests' run, to make the two of `make test` equally long."""
_started: list[str] = []


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Before Django's settings are read: they take addresses and secrets from what this writes."""
    if not uses_servers_of_environment():
        os.environ.setdefault("TRIBUTARY_HOME", str(ROOT / ".local" / "test"))
        os.environ.setdefault("SHOPPERS", "0")
        configured = services("configure")
        if configured.returncode != 0:
            raise pytest.UsageError(f"The stack cannot be set up:\n{configured.stdout}{configured.stderr}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs the whole product, and what runs with it."""
    for item in items:
        if item.path.relative_to(ROOT / "tests").parts[0] in WITH_PRODUCT:
            item.add_marker("with_product")
        if isinstance(item, pytest.Function) and "product" in item.fixturenames:
            given = getattr(item, "callspec", None)
            if given is None or "product" not in given.params:
                item.add_marker("product")


def pytest_unconfigure() -> None:
    if _started:
        services("down")


def uses_servers_of_environment() -> bool:
    return all(os.environ.get(name) for name in SERVERS)


def start() -> None:
    """Starts the product unless it is up; what this started is stopped at the end of the run."""
    if uses_servers_of_environment() or _started or status()["ready"]:
        return
    sys.stderr.write("Starting the product for the tests ...\n")
    _started.append("up")
    up = services("up", *(["--without", BESIDES] if os.environ.get("TEST_SERVERS_ONLY") else []))
    if up.returncode != 0:
        pytest.exit(f"The product did not start:\n{up.stdout}{up.stderr}", returncode=1)


@pytest.fixture(scope="session", autouse=True)
def stack() -> None:
    """The product's servers, for every test; a folder of tests that needs none overrides this."""
    start()


def services(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the embedded stack's command line."""
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments], cwd=ROOT, text=True, capture_output=True, check=False
    )


def status() -> dict[str, Any]:
    """What `status --json` says."""
    answer = services("status", "--json")
    try:
        told: dict[str, Any] = json.loads(answer.stdout)
    except ValueError as error:
        raise RuntimeError(f"status --json answered: {answer.stdout}{answer.stderr}") from error
    return told


@dataclass(frozen=True)
class Product:
    """The running product, as somebody from outside sees it."""

    shop: str
    kafka: str
    write_key: str
    read_key: str
    database_url: str

    @staticmethod
    def part(name: str) -> dict[str, Any]:
        """One part of `status --json`: name, state, pid, address, detail."""
        return next(part for part in status()["parts"] if part["name"] == name)


def read_product() -> Product:
    """Where the running product is; raises RuntimeError where it is not ready."""
    told = status()
    if not told["ready"]:
        raise RuntimeError(f"The product is not ready: {told['parts']}")
    addresses = json.loads((Path(os.environ["TRIBUTARY_HOME"]) / "stack.json").read_text())
    return Product(
        shop=told["shop"],
        kafka=told["kafka"],
        write_key=told["writeKey"],
        read_key=told["readKey"],
        database_url=addresses["database_url"],
    )


@pytest.fixture(scope="session")
def product() -> Product:
    """The whole product, started and ready. Its database is its own, not the tests'."""
    start()
    return read_product()
