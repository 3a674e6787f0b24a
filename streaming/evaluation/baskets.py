"""The next basket of somebody who comes back: what goes with their last products, what they buy again, what is popular.

Each of the three gives a product a score between 0 and 1; a blend adds them up with weights. The weights are chosen on
a validation part, the last of the train part, before the test part is looked at.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product as combinations
from typing import Final, NamedTuple

from streaming.evaluation.history import History
from streaming.evaluation.layouts import REFUNDED
from streaming.evaluation.sessions import Products, distinct
from streaming.evaluation.trial import Trial

MOST: Final = 20
REPEAT_DECAY: Final = 0.8
"""What a product bought one basket earlier counts."""
POPULAR_DAYS: Final = 30
DAY_MS: Final = 86_400_000
STEPS: Final = (0.0, 0.1, 0.2, 0.5, 1.0)
"""Weights that are tried for each part of the blend."""

Scores = Mapping[int, float]
Advance = Callable[[str, int, int], None]


class Basket(NamedTuple):
    visitor: int
    milliseconds: int
    products: tuple[int, ...]


class BasketQuestion(NamedTuple):
    past: tuple[Basket, ...]
    """The visitor's baskets before, oldest first."""
    answer: frozenset[int]


class Weights(NamedTuple):
    together: float
    again: float
    popular: float


@dataclass(frozen=True, slots=True)
class BasketResult:
    questions: int
    validated: int
    weights: Weights
    recall_20: Mapping[str, float]
    """By what answers."""


ALONE: Final = {
    "popular": Weights(0, 0, 1),
    "co-visitation": Weights(1, 0, 0),
    "bought before": Weights(0, 1, 0),
}


def compare_baskets(
    trial: Trial, train: History, test: History, validation_share: float, advance: Advance = lambda *_: None
) -> BasketResult:
    """Learns up to the validation part, chooses the weights there, learns the rest, and answers the test part."""
    early, late = cut(train, validation_share)
    learned_of_train = len(train)

    def learn(history: History) -> None:
        for learned in trial.learn(history):
            advance("The model learns", learned, learned_of_train)
        trial.derive(datetime.fromtimestamp(int(history.milliseconds[-1]) / 1000, UTC))

    learn(early)
    tried = _answered(trial, early, late, "Choosing weights", advance)
    weights = max(
        (Weights(*each) for each in combinations(STEPS, repeat=3) if any(each)),
        key=lambda each: (recall(tried, each), [-share for share in each]),
    )
    learn(late)
    answered = _answered(trial, train, test, "Answering", advance)
    recalls = {name: recall(answered, each) for name, each in ALONE.items()}
    return BasketResult(len(answered), len(tried), weights, recalls | {"blend": recall(answered, weights)})


class Answered(NamedTuple):
    """What each of the three says of one question."""

    together: Scores
    again: Scores
    popular: Scores
    answer: frozenset[int]


def recall(answered: Sequence[Answered], weights: Weights) -> float:
    """Recall@20: the mean share of a basket that is among the first 20."""
    found = 0.0
    for each in answered:
        scores: dict[int, float] = defaultdict(float)
        for part, weight in zip((each.together, each.again, each.popular), weights, strict=True):
            for product, score in part.items() if weight else ():
                scores[product] += weight * score
        first = sorted(scores, key=lambda product: (-scores[product], product))[:MOST]
        found += len(each.answer.intersection(first)) / len(each.answer)
    return found / max(len(answered), 1)


def cut(history: History, test_share: float) -> tuple[History, History]:
    """What happened before the moment at which the last `test_share` of the rows begin, and from it on."""
    moment = history.milliseconds[int(len(history) * (1 - test_share))]
    before = history.milliseconds < moment
    return history.part(before), history.part(~before)


def baskets_of(history: History) -> list[Basket]:
    """What a visitor bought at once: under one name where the file names baskets, else at one time."""
    together: dict[tuple[int, int], tuple[int, list[int]]] = {}
    refunded = history.events.numbers.get(REFUNDED, -1)
    unnamed = history.baskets.numbers.get("", -1)
    for visitor, product, event, basket, at in zip(
        history.visitor.tolist(),
        history.product.tolist(),
        history.event.tolist(),
        history.basket.tolist(),
        history.milliseconds.tolist(),
        strict=True,
    ):
        if event != refunded:
            name = -1 - at if basket == unnamed else basket
            together.setdefault((visitor, name), (at, []))[1].append(product)
    baskets = [
        Basket(visitor, at, tuple(dict.fromkeys(products)))
        for (visitor, _), (at, products) in together.items()
    ]
    return sorted(baskets, key=lambda basket: (basket.milliseconds, basket.visitor))


def questions_of(before: History, after: History) -> list[BasketQuestion]:
    """Each later basket of a visitor who bought before, with all of theirs up to it."""
    past: dict[int, list[Basket]] = defaultdict(list)
    for basket in baskets_of(before):
        past[basket.visitor].append(basket)
    questions = []
    for basket in baskets_of(after):
        if own := past[basket.visitor]:
            questions.append(BasketQuestion(tuple(own), frozenset(basket.products)))
        own.append(basket)
    return questions


def bought_before(past: Sequence[Basket]) -> Scores:
    """How often, the newest baskets most."""
    scores: dict[int, float] = defaultdict(float)
    for place, basket in enumerate(reversed(past)):
        for product in basket.products:
            scores[product] += REPEAT_DECAY**place
    return _to_one(scores)


def popular(history: History) -> Scores:
    """In how many baskets of the last 30 days."""
    since = int(history.milliseconds[-1]) - POPULAR_DAYS * DAY_MS
    counts: dict[int, float] = defaultdict(float)
    for basket in baskets_of(history):
        if basket.milliseconds > since:
            for product in basket.products:
                counts[product] += 1
    best = sorted(counts, key=lambda product: (-counts[product], product))[: 5 * MOST]
    return _to_one({product: counts[product] for product in best})


def _answered(trial: Trial, before: History, after: History, what: str, advance: Advance) -> list[Answered]:
    questions = questions_of(before, after)
    known = popular(before)
    answered = []
    for question, together in zip(questions, _together(trial, questions), strict=True):
        answered.append(Answered(_to_one(together), bought_before(question.past), known, question.answer))
        advance(what, 1, len(questions))
    return answered


def _together(trial: Trial, questions: Sequence[BasketQuestion]) -> Iterator[Scores]:
    """What the model says goes with the newest products; none of them is in it."""
    asked: list[Products] = [
        distinct([product for basket in question.past for product in basket.products])
        for question in questions
    ]
    for first in range(0, len(asked), 500):
        yield from trial.scores(asked[first : first + 500])


def _to_one(scores: Scores) -> Scores:
    most = max(scores.values(), default=1.0)
    return {product: score / most for product, score in scores.items()}
