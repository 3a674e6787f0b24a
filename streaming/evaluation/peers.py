"""What the model is held against: popularity, item-kNN and VSKNN, each small enough to be read.

A peer learns from whole sessions and is then asked with what somebody has seen, newest first. What was seen is left
out.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from streaming.evaluation.sessions import Products, Session

Numbers = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]


class Peer(Protocol):
    def suggest(self, seen: Products, most: int) -> Sequence[int]:
        """The products to suggest, best first; ties by number."""
        ...


class Popular:
    """What was looked at in most sessions."""

    def __init__(self, sessions: Sequence[Session], products: int) -> None:
        self.counts = np.bincount(_flat(sessions)[1], minlength=products).astype(np.float64)
        self.order = np.argsort(-self.counts, kind="stable")

    def suggest(self, seen: Products, most: int) -> Sequence[int]:
        first = self.order[: most + len(seen)]
        return [product for product in first[self.counts[first] > 0].tolist() if product not in seen][:most]


class ItemNeighbours:
    """Cosine of products over sessions, smoothed against chance; each older product seen counts less."""

    def __init__(
        self, sessions: Sequence[Session], products: int, *, smoothing: float = 20.0, recency: float = 0.5
    ) -> None:
        session, product = _flat(sessions)
        counts = np.bincount(product, minlength=products) + smoothing
        starts = _starts(session, len(sessions))
        codes = [
            (members[:, None] * products + members[None, :]).ravel()
            for first, last in pairwise(starts.tolist())
            for members in [product[first:last][:200]]  # a longer one is no shopper's
        ]
        code, together = np.unique(np.concatenate(codes), return_counts=True)
        one, other = code // products, code % products
        apart = one != other
        self.starts = _starts(one[apart], products)
        self.other = other[apart]
        self.similarity = together[apart] / np.sqrt(counts[one[apart]] * counts[other[apart]])
        self.recency = recency
        self.products = products

    def suggest(self, seen: Products, most: int) -> Sequence[int]:
        scores = np.zeros(self.products)
        for place, product in enumerate(seen):
            row = slice(self.starts[product], self.starts[product + 1])
            scores[self.other[row]] += self.recency**place * self.similarity[row]
        return best(scores, seen, most)


class SessionNeighbours:
    """VSKNN: the recent sessions most like this one vote, the more the later the product that they share was seen.

    As in Ludewig and Jannach, "Evaluation of session-based recommendation algorithms" (2018): 1 / place in the score,
    rare products weigh more. Each older product counts `recency` in the likeness, which does a little better on
    YooChoose 100k than its linear decay, and so do more sessions than its 100 of 1,000.
    """

    def __init__(
        self,
        sessions: Sequence[Session],
        products: int,
        *,
        neighbours: int = 500,
        sample: int = 5000,
        recency: float = 0.5,
    ) -> None:
        session, product = _flat(sessions)
        self.starts = _starts(session, len(sessions))
        self.product = product
        by_product = np.lexsort((session, product))
        self.session = session[by_product]
        counts = np.bincount(product, minlength=products)
        self.product_starts = np.concatenate([[0], np.cumsum(counts)])
        self.rarity = np.log(max(len(sessions), 1) / np.maximum(counts, 1))
        self.neighbours = neighbours
        self.sample = sample
        self.recency = recency
        self.products = products

    def suggest(self, seen: Products, most: int) -> Sequence[int]:
        with_each = [self.session[self.product_starts[p] : self.product_starts[p + 1]] for p in seen]
        candidates, place = np.unique(np.concatenate(with_each), return_inverse=True)
        shares = np.repeat(self.recency ** np.arange(len(seen)), [len(found) for found in with_each])
        likeness = np.bincount(place, weights=shares, minlength=len(candidates))
        # Sessions are numbered in the order in which they ended: the last are the newest.
        candidates, likeness = candidates[-self.sample :], likeness[-self.sample :]
        chosen = np.argsort(-likeness, kind="stable")[: self.neighbours]
        newest = np.full(self.products, len(seen))
        newest[list(seen)] = np.arange(len(seen))
        scores = np.zeros(self.products)
        for neighbour, like in zip(candidates[chosen].tolist(), likeness[chosen].tolist(), strict=True):
            members = self.product[self.starts[neighbour] : self.starts[neighbour + 1]]
            scores[members] += like / (newest[members].min() + 1)
        return best(scores * (1 + self.rarity), seen, most)


PEERS: Final[Mapping[str, Callable[[Sequence[Session], int], Peer]]] = {
    "popular": Popular,
    "item-kNN (cosine)": ItemNeighbours,
    "VSKNN": SessionNeighbours,
}


def best(scores: Weights, seen: Products, most: int) -> Sequence[int]:
    """The products of the highest scores above 0, ties by number; what was seen is left out."""
    scores[list(seen)] = 0
    several = min(len(scores), most)
    chosen = np.flatnonzero(scores >= max(np.partition(scores, -several)[-several], 1e-300))
    ranked: list[int] = chosen[np.argsort(-scores[chosen], kind="stable")][:most].tolist()
    return ranked


def _flat(sessions: Sequence[Session]) -> tuple[Numbers, Numbers]:
    """Session by session its distinct products: the numbers of both."""
    members = [list(dict.fromkeys(session.products)) for session in sessions]
    lengths = np.array([len(products) for products in members], np.int64)
    flat = np.fromiter((product for products in members for product in products), np.int64)
    return np.repeat(np.arange(len(sessions)), lengths), flat


def _starts(ordered: Numbers, most: int) -> Numbers:
    """Where the rows of each number from 0 to `most` begin in an ordered column."""
    starts: Numbers = np.searchsorted(ordered, np.arange(most + 1))
    return starts
