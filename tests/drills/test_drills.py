"""Each drill against the running product, held to its own report. The long ones are part of the soak."""

import json
import subprocess
import sys
from typing import Any

import pytest

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
