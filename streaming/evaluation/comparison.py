"""The model and its peers, asked the same questions after the same past."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from streaming.evaluation.history import History
from streaming.evaluation.measures import MOST, Measures, hit_rate_by_length, measures_of, places_of
from streaming.evaluation.peers import PEERS, Peer
from streaming.evaluation.sessions import Products, Question, questions_of, sessions_of
from streaming.evaluation.trial import Trial

MODEL: Final = "Tributary"
LEARNING: Final = "Tributary, learning"
JUDGED_STEP: Final = 100
"""Events that are predicted before any of them is learned."""
ASKED_AT_ONCE: Final = 500
CURVE_POINTS: Final = 20

Advance = Callable[[str, int, int], None]
"""Told what is being done, how much of it, and of how much."""


@dataclass
class Result:
    questions: int
    measures: list[Measures] = field(default_factory=list)
    by_length: dict[str, dict[int, float]] = field(default_factory=dict)
    """HR@20 by how many products had been seen."""
    curve: dict[int, float] = field(default_factory=dict)
    """HR@20 of each stretch of the test part, learned while it goes, by the number of events learned of it."""
    judged: int = 0


def compare(
    trial: Trial, train: History, test: History, gap: timedelta | None, advance: Advance = lambda *_: None
) -> Result:
    questions = questions_of(sessions_of(test, gap))
    result = Result(len(questions))
    products = len(set(train.product.tolist()))

    def judge(name: str, lists: Sequence[Sequence[int]], seconds: float) -> None:
        places = places_of(questions, lists)
        result.measures.append(measures_of(name, places, lists, products, seconds))
        result.by_length[name] = hit_rate_by_length(questions, places)

    began = time.monotonic()
    for learned in trial.learn(train):
        advance("The model learns", learned, len(train))
    trial.derive(datetime.fromtimestamp(int(train.milliseconds[-1]) / 1000, UTC))
    lists = _answers(questions, lambda asked: trial.suggest(asked, MOST), MODEL, advance)
    judge(MODEL, lists, time.monotonic() - began)

    sessions = sessions_of(train, gap)
    for name, make in PEERS.items():
        began = time.monotonic()
        peer = make(sessions, len(train.products))
        lists = _answers(questions, _one_by_one(peer), name, advance)
        judge(name, lists, time.monotonic() - began)
    _learn_while_judging(trial, test, result, advance)
    return result


def _learn_while_judging(trial: Trial, test: History, result: Result, advance: Advance) -> None:
    """Each event of the test part is predicted, then learned."""
    began = time.monotonic()
    learned, last = 0, trial.judged()
    every = max(len(test) // CURVE_POINTS, 1)
    for step in trial.learn(test, step=JUDGED_STEP, judge=True):
        learned += step
        advance("Predicted, then learned", step, len(test))
        if learned // every > (learned - step) // every:
            sums = trial.judged()
            if events := sums["events"] - last["events"]:
                result.curve[learned] = (sums["hits_20"] - last["hits_20"]) / events
            last = sums
    sums = trial.judged()
    result.judged = int(sums["events"])
    if result.judged:
        at_10, at_20, mrr = (sums[name] / sums["events"] for name in ("hits_10", "hits_20", "reciprocal"))
        result.measures.append(Measures(LEARNING, at_10, at_20, mrr, None, time.monotonic() - began))


def _answers(
    questions: Sequence[Question],
    suggest: Callable[[Sequence[Products]], Sequence[Sequence[int]]],
    name: str,
    advance: Advance,
) -> list[Sequence[int]]:
    """The list for each question; the same products are asked for once."""
    distinct = dict.fromkeys(question.seen for question in questions)
    known: dict[Products, Sequence[int]] = {}
    for some in _chunks(distinct):
        known.update(zip(some, suggest(some), strict=True))
        advance(f"{name} answers", len(some), len(distinct))
    return [known[question.seen] for question in questions]


def _one_by_one(peer: Peer) -> Callable[[Sequence[Products]], Sequence[Sequence[int]]]:
    return lambda asked: [peer.suggest(seen, MOST) for seen in asked]


def _chunks(products: Mapping[Products, None]) -> Iterator[list[Products]]:
    rest = iter(products)
    while some := list(islice(rest, ASKED_AT_ONCE)):
        yield some
