"""Each drill against the running product, held to its own report. The long ones are part of the soak."""

import json
import subprocess
import sys
from typing import Any

import pytest

from streaming.connection import connect
from tests.stack import ROOT, Product

COMMON = {"requests", "lost", "twice", "order", "shop", "pages", "facts"}
REFUSING = COMMON - {"requests"}


def drill(name: str) -> dict[str, Any]:
    """The report of `manage.py drill NAME`."""
    done = subprocess.run(
        [sys.executable, "manage.py", "drill", name, "--json"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        pytest.fail(f"drill {name} said: {done.stdout}{done.stderr}")
    print(json.dumps({name: told[name] for name in ("timeline", "numbers", "checks")}, indent=1))
    return told


def check(told: dict[str, Any], names: set[str]) -> None:
    """The drill was held to all of this, and to nothing that it did not keep."""
    assert [each for each in told["checks"] if not each["passed"]] == []
    assert {each["name"] for each in told["checks"]} == names
    assert told["state"] == "passed", told["reason"]
    assert sum(told["series"]["acknowledged"]) > 0


def number(told: dict[str, Any], name: str) -> float:
    return float(next(each["value"] for each in told["numbers"] if each["name"] == name))


def test_broker(product: Product) -> None:
    told = drill("broker")
    check(told, COMMON)
    assert number(told, "elected") in (1, 2, 3)
    assert number(told, "election") <= number(told, "in_sync") * 1000


def test_spark(product: Product) -> None:
    check(drill("spark"), COMMON)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", ["push", "valkey"])
def test_a_part_that_nobody_misses(product: Product, part: str) -> None:
    check(drill(part), COMMON)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", ["web", "postgres"])
def test_a_part_that_takes_the_shop_down(product: Product, part: str) -> None:
    check(drill(part), REFUSING)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "checks"), [("controller", COMMON), ("cluster", COMMON), ("slow", REFUSING)]
)
def test_brokers(product: Product, name: str, checks: set[str]) -> None:
    told = drill(name)
    check(told, checks)
    assert number(told, "in_sync") > 0


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_cluster_grows(product: Product) -> None:
    told = drill("scale")
    check(told, COMMON | {"produced"})
    assert number(told, "moved") > 10
    assert brokers(product) == {1, 2, 3}


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_throughput(product: Product) -> None:
    told = drill("throughput")
    assert told["state"] == "passed", told["reason"]
    rates = {each["name"]: each["value"] for each in told["numbers"] if each["unit"] == "records/s"}
    assert len(rates) == 8
    assert min(rates.values()) > 0


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_full_disk(product: Product) -> None:
    told = drill("disk")
    if told["state"] == "refused":
        assert "not allowed here" in told["reason"]
    else:
        check(told, COMMON | {"produced"})
    assert brokers(product) == {1, 2, 3}


def brokers(product: Product) -> set[int]:
    """Those that the cluster knows, whether they are up or not, and no topic of a drill is left."""
    client = connect(product.kafka)
    try:
        assert [name for name in client.list_topics() if name.startswith("drill-")] == []
        return {broker["broker_id"] for broker in client.describe_cluster()["brokers"]}
    finally:
        client.close()
