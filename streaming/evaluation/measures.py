"""How good lists are: where in them stands what came next."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from streaming.evaluation.sessions import Question

MOST = 20
"""Places of a list that count."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Shares of the questions, but for `coverage`: the share of the known products that stood in any list."""

    name: str
    hit_rate_10: float
    hit_rate_20: float
    mrr_20: float
    coverage: float | None
    seconds: float
    """To learn and to answer all questions."""


def places_of(questions: Sequence[Question], lists: Sequence[Sequence[int]]) -> list[int]:
    """The place of each answer in its list, from 1; 0 where it is not among the first 20."""
    return [
        list(suggested[:MOST]).index(question.answer) + 1 if question.answer in suggested[:MOST] else 0
        for question, suggested in zip(questions, lists, strict=True)
    ]


def measures_of(
    name: str, places: Sequence[int], lists: Sequence[Sequence[int]], products: int, seconds: float
) -> Measures:
    suggested = {product for each in lists for product in each[:MOST]}
    number = max(len(places), 1)
    return Measures(
        name,
        sum(0 < place <= 10 for place in places) / number,
        sum(place > 0 for place in places) / number,
        sum(1 / place for place in places if place) / number,
        len(suggested) / max(products, 1),
        seconds,
    )


def hit_rate_by_length(
    questions: Sequence[Question], places: Sequence[int], most: int = 10
) -> dict[int, float]:
    """HR@20 by how many distinct products had been seen; those beyond `most` together."""
    hits: dict[int, list[bool]] = defaultdict(list)
    for question, place in zip(questions, places, strict=True):
        hits[min(len(question.seen), most)].append(place > 0)
    return {length: sum(found) / len(found) for length, found in sorted(hits.items())}
