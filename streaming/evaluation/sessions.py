"""Cutting a history in time, and the questions that its later part asks: what comes next in this session?"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from streaming.evaluation.history import History

Products = tuple[int, ...]
"""Distinct products by number, newest first."""


class Question(NamedTuple):
    seen: Products
    answer: int
    """The product that came next, none of those seen."""


@dataclass(frozen=True, slots=True)
class Session:
    """One visitor's events without a longer pause, in order."""

    visitor: int
    products: Sequence[int]
    milliseconds: Sequence[int]


def split(history: History, test_share: float) -> tuple[History, History]:
    """What happened before a moment, and of the visitors who came after it all that they did.

    The moment is where the last `test_share` of the events begin. What earlier visitors did after it is in neither,
    so that no question is answered by its own session.
    """
    moment = history.milliseconds[int(len(history) * (1 - test_share))]
    return until(history, int(moment))


def until(history: History, moment: int) -> tuple[History, History]:
    before = history.milliseconds < moment
    known = np.zeros(len(history.visitors), bool)
    known[history.visitor[before]] = True
    return history.part(before), history.part(~before & ~known[history.visitor])


def sessions_of(history: History, gap: timedelta | None = None) -> list[Session]:
    """By visitor, cut where nothing happened for longer than `gap`; in the order in which they ended."""
    rows: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for visitor, product, at in zip(
        history.visitor.tolist(), history.product.tolist(), history.milliseconds.tolist(), strict=True
    ):
        rows[visitor].append((product, at))
    most = gap / timedelta(milliseconds=1) if gap else float("inf")
    sessions = [
        Session(visitor, [product for product, _ in part], [at for _, at in part])
        for visitor, events in rows.items()
        for part in _parts(events, most)
    ]
    return sorted(sessions, key=lambda session: session.milliseconds[-1])


def _parts(events: list[tuple[int, int]], most: float) -> Iterator[list[tuple[int, int]]]:
    first = 0
    for place in range(1, len(events)):
        if events[place][1] - events[place - 1][1] > most:
            yield events[first:place]
            first = place
    yield events[first:]


def questions_of(sessions: Sequence[Session]) -> list[Question]:
    """Every beginning of every session whose next product was not seen in it before."""
    return [
        Question(distinct(session.products[:place]), session.products[place])
        for session in sessions
        for place in range(1, len(session.products))
        if session.products[place] not in session.products[:place]
    ]


def distinct(products: Sequence[int]) -> Products:
    """Newest first, each once."""
    return tuple(dict.fromkeys(reversed(products)))
