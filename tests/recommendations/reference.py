"""The model in plain Python, written from its definition and not from the SQL: what the fold is held to."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp

LANDMARK = datetime(2025, 1, 1, tzinfo=UTC)
HALF_LIFE = timedelta(days=60)
DAY = timedelta(hours=24)
WEIGHTS = {"Product Viewed": 1.0, "Product Added": 3.0, "Order Completed": 5.0, "Product Removed": -1.0}


@dataclass(frozen=True)
class Done:
    """One event as the log has it, in the order of the log."""

    visitor: str
    event_id: str
    event: str
    products: tuple[str, ...]
    at: datetime
    partition: int = 0
    offset: int = 0


class Model:
    """Facts of the model after some events."""

    def __init__(self) -> None:
        self.pairs: dict[tuple[str, str], float] = defaultdict(float)
        self.against: dict[tuple[str, str], float] = defaultdict(float)
        self.counts: dict[str, float] = defaultdict(float)
        self.history: dict[str, list[tuple[str, float]]] = defaultdict(list)
        self.first_seen: dict[tuple[str, str], datetime] = {}
        self.duplicates = 0

    def fold(self, events: Iterable[Done]) -> None:
        for event in events:
            key = (event.visitor, event.event_id)
            if key in self.first_seen and event.at < self.first_seen[key] + DAY:
                self.duplicates += 1
                continue
            self.first_seen[key] = event.at
            for product in event.products:
                self._look(event, product, WEIGHTS.get(event.event, 1.0))

    def _look(self, event: Done, product: str, weight: float) -> None:
        grown = 2 ** ((event.at - LANDMARK) / HALF_LIFE)
        if weight > 0:
            self.counts[product] += weight * grown
        history = self.history[event.visitor]
        others = [
            seen for seen, seen_weight in reversed(history[-50:]) if seen != product and seen_weight > 0
        ]
        for distance, other in enumerate(list(dict.fromkeys(others))[:5]):
            for pair in ((product, other), (other, product)):
                sums = self.pairs if weight > 0 else self.against
                sums[pair] += exp(-0.25 * distance) * abs(weight) * grown
        history.append((product, weight))

    def similar(self, product: str, moment: datetime) -> list[tuple[str, float]]:
        """The 50 most similar products, best first, ties by id."""
        grown = 2 ** ((moment - LANDMARK) / HALF_LIFE)
        scores = {
            other: (weight - self.against[(product, other)])
            / grown
            / ((self.counts[product] / grown + 20) ** 0.75 * (self.counts[other] / grown + 20) ** 0.1)
            for (one, other), weight in list(self.pairs.items())
            if one == product
        }
        positive = [(other, score) for other, score in scores.items() if score > 0]
        return sorted(positive, key=lambda pair: (-pair[1], pair[0]))[:50]

    def recommend(self, visitor: str, moment: datetime) -> list[tuple[str, float]]:
        """What to recommend to the visitor, best first."""
        seen = [product for product, weight in reversed(self.history[visitor]) if weight > 0]
        newest = list(dict.fromkeys(seen))[:10]
        scores: dict[str, float] = defaultdict(float)
        for k, product in enumerate(newest):
            for other, score in self.similar(product, moment):
                scores[other] += 0.5**k * score
        kept = [(product, score) for product, score in scores.items() if product not in newest]
        return sorted(kept, key=lambda pair: (-pair[1], pair[0]))[:50]
