"""`manage.py evaluate` on a log whose next products are known, and the model held against its definition in Python."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from streaming.evaluation.history import read_history
from streaming.evaluation.measures import hit_rate_by_length, measures_of, places_of
from streaming.evaluation.peers import ItemNeighbours, Popular, SessionNeighbours
from streaming.evaluation.sessions import Question, Session, questions_of, sessions_of, split
from tests.conftest import Connection
from tests.recommendations.conftest import database_url
from tests.recommendations.reference import Done, Model

FIRST = 1_700_000_000


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Sessions that walk along one of six rings of five products, one click a minute."""
    chance = Random(2)
    lines = ["visitor,product,time"]
    for visitor in range(300):
        ring, place = chance.randrange(6), chance.randrange(5)
        for step in range(chance.randint(2, 4)):
            lines.append(f"v{visitor},p{ring}-{(place + step) % 5},{FIRST + visitor * 600 + step * 60}")
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def sessions(*products: list[int]) -> list[Session]:
    return [Session(number, each, range(len(each))) for number, each in enumerate(products)]


def test_later_part_asks_of_new_visitors_only(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "visitor,product,time\na,p,1e9\na,q,1000000002\nb,p,1000000001\nb,q,1000000009\nc,p,1000000010\n"
    )
    train, test = split(read_history(path), 0.4)
    assert [row.visitor for row in train] == ["a", "b", "a"]
    assert [row.visitor for row in test] == ["c"]


def test_every_beginning_asks_for_what_was_not_seen() -> None:
    questions = questions_of(sessions([1, 2, 1, 1, 3], [4]))
    assert questions == [Question((1,), 2), Question((1, 2), 3)]


def test_longer_pause_begins_a_new_session(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("visitor,product,time\na,p,1e9\nb,p,1000000001\na,q,1000001800\na,r,1000003601\n")
    history = read_history(path)
    assert [s.products for s in sessions_of(history, timedelta(minutes=30))] == [[0], [0, 1], [2]]
    assert [s.products for s in sessions_of(history)] == [[0], [0, 1, 2]]


def test_measures_are_of_the_first_twenty() -> None:
    questions = [Question((0,), 1), Question((0, 2), 1), Question((0,), 1), Question((0,), 1)]
    lists = [[1], [*range(10, 20), 1], [*range(10, 30), 1], []]
    places = places_of(questions, lists)
    assert places == [1, 11, 0, 0]
    measured = measures_of("a", places, lists, 42, 1.0)
    assert (measured.hit_rate_10, measured.hit_rate_20) == (0.25, 0.5)
    assert measured.mrr_20 == pytest.approx((1 + 1 / 11) / 4)
    assert measured.coverage == 0.5
    assert hit_rate_by_length(questions, places) == {1: pytest.approx(1 / 3), 2: 1.0}


def test_popular_leaves_out_what_was_seen_and_what_nobody_looked_at() -> None:
    peer = Popular(sessions([1, 2, 2, 2], [1, 3], [1, 3], [4]), 6)
    assert peer.suggest((), 3) == [1, 3, 2]
    assert peer.suggest((3, 4), 3) == [1, 2]


def test_item_neighbours_are_those_of_the_cosine() -> None:
    peer = ItemNeighbours(sessions([0, 1], [0, 1], [0, 2], [2], [3]), 4, smoothing=0)
    # cosine(0, 1) = 2 / sqrt(3 * 2), cosine(0, 2) = 1 / sqrt(3 * 2)
    assert peer.suggest((0,), 3) == [1, 2]
    assert peer.similarity[:2].tolist() == pytest.approx([2 / 6**0.5, 1 / 6**0.5])
    assert peer.suggest((3,), 3) == []
    assert peer.suggest((1, 2), 3) == [0]


def test_session_neighbours_vote_with_the_product_that_they_share() -> None:
    past = sessions([0, 1], [0, 2], [0, 2], [5, 6], [5, 3])
    peer = SessionNeighbours(past, 7)
    assert peer.suggest((0,), 2) == [2, 1]
    assert peer.suggest((5, 0), 4)[:2] == [3, 6]
    assert SessionNeighbours(past, 7, sample=1).suggest((5, 0), 4) == [3]


def test_model_finds_the_ring_and_says_so(
    log: Path, tmp_path: Path, model: Connection, settings: Settings
) -> None:
    settings.DATABASE_URL = database_url(model)
    output = io.StringIO()
    call_command("evaluate", str(log), "--out", str(tmp_path / "out"), stdout=output)
    told = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {
        "measures.png",
        "length.png",
        "learning.png",
    }
    measures = {each["name"]: each for each in told["measures"]}
    assert list(measures) == ["Tributary", "popular", "item-kNN (cosine)", "VSKNN", "Tributary, learning"]
    assert measures["Tributary"]["hit_rate_10"] == 1.0
    assert measures["Tributary"]["mrr_20"] > measures["popular"]["mrr_20"]
    assert told["judged"] == told["questions"] > 50
    assert "Tributary" in output.getvalue()
    # Nothing of it is in the live model, and nothing is left behind.
    assert model.execute("SELECT count(*) FROM recommendations_pair").fetchone() == (0,)
    assert model.execute("SELECT count(*) FROM recommendations_judgedhour").fetchone() == (0,)
    assert model.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'evaluation'").fetchone() is None


def test_measures_are_those_of_the_definition(
    log: Path, tmp_path: Path, model: Connection, settings: Settings
) -> None:
    settings.DATABASE_URL = database_url(model)
    call_command("evaluate", str(log), "--out", str(tmp_path), stdout=io.StringIO())
    measures = {m["name"]: m for m in json.loads((tmp_path / "evaluation.json").read_text())["measures"]}
    train, test = split(read_history(log), 0.2)
    reference, asked = Model(), []
    for number, row in enumerate([*train, *test]):
        at = datetime.fromtimestamp(row.milliseconds / 1000, UTC)
        if number < len(train):
            reference.fold([Done(row.visitor, str(number), row.event, (row.product,), at)])
            end = at
    names = train.products.names
    for question in questions_of(sessions_of(test)):
        ranked = [p for p, _ in reference.recommend_for([names[p] for p in question.seen], end)][:20]
        asked.append(
            1 / (ranked.index(names[question.answer]) + 1) if names[question.answer] in ranked else 0
        )
    assert measures["Tributary"]["mrr_20"] == pytest.approx(sum(asked) / len(asked))


def test_file_without_a_second_product_is_said(tmp_path: Path, model: Connection, settings: Settings) -> None:
    settings.DATABASE_URL = database_url(model)
    path = tmp_path / "log.csv"
    path.write_text("visitor,product,time\n" + "".join(f"v{n},p{n % 3},{FIRST + n}\n" for n in range(20)))
    with pytest.raises(CommandError, match="no session in it comes to a second product"):
        call_command("evaluate", str(path), stdout=io.StringIO())
