"""How good the lists are, by the live path: a public click log through Kafka and Spark, then asked over HTTP.

`python -m bench.quality` prints it alone. Without the log in ../shared/data there is nothing to measure.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
from rich.console import Console
from rich.table import Table

from streaming.evaluation.history import History, read_history
from streaming.evaluation.measures import MOST, places_of
from streaming.evaluation.peers import PEERS
from streaming.evaluation.sessions import Products, Question, questions_of, sessions_of
from tests.stack import ROOT, Product, read_product, services

LOG = ROOT.parent / "shared" / "data"
TRAIN = LOG / "yoochoose-clicks-100k_train_full.txt"
TEST = LOG / "yoochoose-clicks-100k_test.txt"
HOME = ROOT / ".local" / "bench-quality"


@dataclass(frozen=True)
class Quality:
    """One row of the table: shares of the questions."""

    name: str
    hit_rate_20: float
    mrr_20: float
    limit: str = ""
    """What an issue asks for, as text; the benchmark judges nothing."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"unit": "share"}


def quality(console: Console) -> list[Quality]:
    """Starts a product with an empty model, and stops it afterwards."""
    if not (TRAIN.exists() and TEST.exists()):
        console.print(f"Quality is not measured: {TRAIN} and {TEST.name} are not there.")
        return []
    train = read_history(TRAIN)
    test = read_history(TEST, known=train)
    questions = questions_of(sessions_of(test))
    before = {name: os.environ.get(name) for name in ("TRIBUTARY_HOME", "SHOPPERS")}
    os.environ.update(TRIBUTARY_HOME=str(HOME), SHOPPERS="0")
    try:
        shutil.rmtree(HOME, ignore_errors=True)
        console.print("Starting a product of its own for the quality of the lists ...")
        up = services("up", "--without", "push,worker,beat,shoppers")
        if up.returncode != 0:
            raise SystemExit(f"The product did not start:\n{up.stdout}{up.stderr}")
        product = read_product()
        rows = [*_asked(console, product, train, questions), *_judged(console, product)]
    finally:
        services("down")
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    return [*rows, *_peers(train, questions)]


def table_of_quality(rows: Sequence[Quality]) -> Table:
    table = Table("lists, YooChoose 100k", "HR@20", "MRR@20", "asked for")
    for row in rows:
        table.add_row(row.name, f"{row.hit_rate_20:.3f}", f"{row.mrr_20:.3f}", row.limit)
    return table


def _asked(
    console: Console, product: Product, train: History, questions: Sequence[Question]
) -> list[Quality]:
    """The train part is told, then every question asked, as of the moment at which that ended."""
    console.print(_manage("backfill", str(TRAIN)))
    names, numbers = train.products.names, train.products.numbers
    as_of = datetime.fromtimestamp((int(train.milliseconds[-1]) + 1) / 1000, UTC).isoformat()
    lists: dict[Products, list[int]] = {}
    began = time.monotonic()
    with httpx.Client(base_url=product.shop, auth=(product.read_key, ""), timeout=30) as client:
        for seen in dict.fromkeys(question.seen for question in questions):
            products = ",".join(names[number] for number in reversed(seen))
            asked = {"products": products, "asOf": as_of, "unlisted": "1", "limit": str(MOST)}
            answer = client.get("/api/recommendations/", params=asked)
            answer.raise_for_status()
            lists[seen] = [numbers[item["productId"]] for item in answer.json()["items"]]
    console.print(f"{len(lists):,} lists asked for over HTTP in {time.monotonic() - began:.0f} s.")
    return [_row("asked over HTTP", questions, [lists[q.seen] for q in questions], ".560 / .267")]


def _judged(console: Console, product: Product) -> list[Quality]:
    """The test part is played: each event predicted, then learned."""
    with psycopg.connect(product.database_url, autocommit=True) as connection:
        connection.execute("SELECT recommendations_refresh_ranked(now(), 300)")
        console.print(_manage("backfill", "--judge", str(TEST)))
        row = connection.execute(
            "SELECT sum(hits_20) / sum(events), sum(reciprocal) / sum(events) FROM recommendations_judgedhour"
            " WHERE starts_with(source, 'judged:')"
        ).fetchone()
    assert row is not None
    return [Quality("predicted, then learned", float(row[0]), float(row[1]), ".574 / .275")]


def _peers(train: History, questions: Sequence[Question]) -> list[Quality]:
    sessions = sessions_of(train)
    rows = []
    for name, make in PEERS.items():
        peer = make(sessions, len(train.products))
        lists = {q.seen: peer.suggest(q.seen, MOST) for q in questions}
        rows.append(_row(name, questions, [lists[q.seen] for q in questions], ""))
    return rows


def _row(name: str, questions: Sequence[Question], lists: Sequence[Sequence[int]], limit: str) -> Quality:
    places = places_of(questions, lists)
    return Quality(
        name,
        sum(place > 0 for place in places) / len(places),
        sum(1 / place for place in places if place) / len(places),
        limit,
    )


def _manage(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, text=True, capture_output=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


if __name__ == "__main__":
    screen = Console(width=140)
    screen.print(table_of_quality(quality(screen)))
