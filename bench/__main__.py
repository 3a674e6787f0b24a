"""`make bench`: prints each figure beside a baseline from the same run and writes bench/results.json.

Starts the product in `.local/bench` with the demo shoppers at 20 events/s, and stops it afterwards.
"""

import asyncio
import json
import os
import platform
import shutil
import time
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from bench.collector import collector
from bench.freshness import click_to_socket, new_in_similar, utc_now
from bench.growth import Cost, chart_of, growth
from bench.lists import lists
from bench.measure import Measurement, Rate
from bench.pages import pages
from bench.quality import Quality, quality, table_of_quality
from bench.rebuild import rebuild
from bench.throughput import throughput
from tests.stack import ROOT, read_product, services

RATE = 20
WARM_UP_SECONDS = 30
HOME = ROOT / ".local" / "bench"
RESULTS = Path(__file__).parent / "results.json"


def main() -> None:
    if "TRIBUTARY_HOME" not in os.environ:
        os.environ["TRIBUTARY_HOME"] = str(HOME)
        services("down")
        # What an earlier run left in the log would have to be folded first.
        shutil.rmtree(HOME, ignore_errors=True)
    os.environ["SHOPPERS"] = str(RATE)
    console = Console(width=140)
    console.print(f"Starting the product with the shoppers at {RATE} events/s ...")
    up = services("up")
    if up.returncode != 0:
        raise SystemExit(f"The product did not start:\n{up.stdout}{up.stderr}")
    try:
        product = read_product()
        console.print(f"Warming up for {WARM_UP_SECONDS} s ...")
        _until_warm(product.shop)
        measurements = [
            *asyncio.run(click_to_socket(product)),
            asyncio.run(new_in_similar(product)),
            *pages(product),
        ]
        services("down")
        console.print("Starting the product without the shoppers, for what Spark and the fold sustain ...")
        services("up", "--without", "shoppers")
        product = read_product()
        rates, ages = throughput(product)
        measurements += ages
        costs = growth(product)
        services("down")
        console.print("Starting the collector alone with its servers ...")
        services("up", "--without", "spark,push,worker,beat,shoppers")
        product = read_product()
        taken_in, at_half = collector(product)
        console.print("Filling a database with the lists of a million visitors ...")
        listed, answered = lists(product.database_url, product.read_key)
        rates += [*taken_in, *listed, *rebuild(product)]
        measurements += [*at_half, *answered]
    finally:
        services("down")
    judged = quality(console)
    console.print(table_of(measurements))
    console.print(table_of_rates(rates))
    console.print(chart_of(costs))
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    console.print(table_of_quality(judged))
    everything: list[Measurement | Rate | Quality | Cost] = [*measurements, *rates, *judged, *costs]
    results = {
        "at": utc_now(),
        "machine": machine,
        "benchmarks": [m.as_json() for m in everything],
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    console.print(f"Written to {RESULTS.relative_to(ROOT)}.")


def _until_warm(shop: str) -> None:
    """Browses for a while: the first requests meet cold caches and compilers that a running shop does not."""
    deadline = time.monotonic() + WARM_UP_SECONDS
    with httpx.Client(base_url=shop) as client:
        while time.monotonic() < deadline:
            client.get("/").raise_for_status()
            time.sleep(0.5)


def table_of(measurements: list[Measurement]) -> Table:
    table = Table(
        "benchmark", "median ms", "p99 ms", "samples", "baseline", "its median", "ratio", "asked for"
    )
    for m in measurements:
        table.add_row(
            m.name,
            f"{m.median:.1f}",
            f"{m.p99:.1f}",
            str(m.samples),
            m.baseline,
            f"{m.baseline_median:.1f}",
            f"{m.ratio:.2f}",
            m.limit,
        )
    return table


def table_of_rates(rates: list[Rate]) -> Table:
    table = Table("benchmark", "a second, rounds", "baseline", "its own", "ratio", "asked for")
    for rate in rates:
        own, other = ([f"{number:,.0f}" for number in r] for r in (rate.rounds, rate.baseline_rounds))
        table.add_row(
            rate.name, " ".join(own), rate.baseline, " ".join(other), f"{rate.ratio:.2f}", rate.limit
        )
    return table


if __name__ == "__main__":
    main()
