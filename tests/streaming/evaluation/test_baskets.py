"""The next basket: of people who buy the same again, and what goes with it."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from streaming.evaluation.baskets import (
    Answered,
    Basket,
    Weights,
    baskets_of,
    bought_before,
    popular,
    questions_of,
    recall,
)
from streaming.evaluation.history import read_history
from tests.conftest import Connection
from tests.recommendations.conftest import database_url

HEAD = "InvoiceNo,StockCode,InvoiceDate,CustomerID\n"


def log(path: Path, *rows: tuple[str, str, str, int]) -> Path:
    """Rows of (invoice, products, customer, day)."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    lines = [
        f"{invoice},{product},{start + timedelta(days=day):%Y-%m-%d},{customer}\n"
        for invoice, products, customer, day in rows
        for product in products.split()
    ]
    path.write_text(HEAD + "".join(lines))
    return path


def test_baskets_are_of_one_invoice_and_no_refund_is_one(tmp_path: Path) -> None:
    history = read_history(
        log(tmp_path / "log.csv", ("1", "a b a", "7", 0), ("2", "c", "7", 0), ("C3", "a", "7", 1))
    )
    names = history.products.names
    assert [[names[p] for p in basket.products] for basket in baskets_of(history)] == [["a", "b"], ["c"]]


def test_only_who_bought_before_asks_and_with_all_of_it(tmp_path: Path) -> None:
    history = read_history(
        log(
            tmp_path / "log.csv",
            ("1", "a", "7", 0),
            ("2", "b", "7", 1),
            ("3", "c", "7", 2),
            ("4", "a", "8", 3),
        )
    )
    before, after = history.part(slice(0, 1)), history.part(slice(1, None))
    questions = questions_of(before, after)
    assert [(len(q.past), len(q.answer)) for q in questions] == [(1, 1), (2, 1)]


def test_newest_baskets_count_most() -> None:
    scores = bought_before([Basket(0, 0, (1, 2)), Basket(0, 1, (3,)), Basket(0, 2, (1,))])
    assert scores[1] == 1
    assert scores[3] == pytest.approx(0.8 / 1.64)
    assert scores[2] == pytest.approx(0.64 / 1.64)


def test_popular_is_of_the_last_thirty_days(tmp_path: Path) -> None:
    history = read_history(
        log(
            tmp_path / "log.csv",
            ("1", "a", "7", 0),
            ("2", "a", "7", 1),
            ("3", "b", "7", 40),
            ("4", "b c", "8", 41),
        )
    )
    names = history.products.names
    assert {names[p]: score for p, score in popular(history).items()} == {"b": 1.0, "c": 0.5}


def test_recall_is_the_share_of_the_basket_in_the_first_twenty() -> None:
    many = {number: 1 - number / 100 for number in range(30)}
    answered = [Answered(many, {29: 1.0}, {}, frozenset({0, 29, 31}))]
    assert recall(answered, Weights(1, 0, 0)) == pytest.approx(1 / 3)
    assert recall(answered, Weights(1, 1, 0)) == pytest.approx(2 / 3)
    assert recall(answered, Weights(0, 0, 1)) == 0


def test_blend_is_no_worse_than_its_best_part(tmp_path: Path, model: Connection, settings: Settings) -> None:
    settings.DATABASE_URL = database_url(model)
    chance = Random(4)
    rows = []
    for day in range(120):
        customer = chance.randrange(25)
        own = f"own-{customer}-{chance.randrange(3)}"
        ring, place = chance.randrange(8), chance.randrange(5)
        rows.append((str(day), f"{own} r{ring}-{place} r{ring}-{(place + 1) % 5} best", str(customer), day))
    output = io.StringIO()
    path = log(tmp_path / "log.csv", *rows)
    call_command("evaluate", str(path), "--next-basket", "--out", str(tmp_path / "out"), stdout=output)
    told = json.loads((tmp_path / "out" / "baskets.json").read_text())
    recalls = told["recall_20"]
    assert set(recalls) == {"popular", "co-visitation", "bought before", "blend"}
    assert recalls["bought before"] > recalls["co-visitation"] > 0
    assert recalls["blend"] >= max(recalls["popular"], recalls["bought before"])
    assert told["weights"]["again"] > 0
    assert "blend" in output.getvalue()


def test_nobody_who_bought_before_is_said(tmp_path: Path, model: Connection, settings: Settings) -> None:
    settings.DATABASE_URL = database_url(model)
    path = log(tmp_path / "log.csv", *((str(n), "a b", str(n), n) for n in range(20)))
    with pytest.raises(CommandError, match="nobody in it had bought before"):
        call_command("evaluate", str(path), "--next-basket", stdout=io.StringIO())
