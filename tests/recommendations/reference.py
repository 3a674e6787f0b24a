"""The model in plain Python, written from its definition and not from the SQL: what the fold is held to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp
from typing import NamedTuple

LANDMARK = datetime(2025, 1, 1, tzinfo=UTC)
HALF_LIFE = timedelta(days=60)
DAY = timedelta(hours=24)
WEIGHTS = {"Product Viewed": 1.0, "Product Added": 3.0, "Order Completed": 5.0, "Product Removed": -1.0}
BASKET = {"Product Added", "Product Removed", "Order Completed"}


@dataclass(frozen=True)
class Done:
    """One event as the log has it, in the order of the log; a tombstone where it erases its visitor."""

    visitor: str
    event_id: str
    event: str
    products: tuple[str, ...]
    at: datetime
    partition: int = 0
    offset: int = 0
    person: str | None = None
    source: str | None = None
    left_out: bool = False
    erases: bool = False
    origin: str | None = None
    list_id: str | None = None
    positions: tuple[int, ...] = ()
    occurred: datetime | None = None
    """Where it was appended later than it happened."""


class Looked(NamedTuple):
    """One product of a visitor's history."""

    product: str
    weight: float
    place: tuple[datetime, int, int]
    event: str = ""
    event_id: str = ""


class Bought(NamedTuple):
    """What a visitor bought of one product."""

    times: int
    first: datetime
    last: datetime


class Known(NamedTuple):
    """Who a visitor is, and since which event."""

    person: str
    at: datetime
    partition: int
    offset: int


class Model:
    """Facts of the model after some events."""

    def __init__(self) -> None:
        self.pairs: dict[tuple[str, str], float] = defaultdict(float)
        self.against: dict[tuple[str, str], float] = defaultdict(float)
        self.counts: dict[str, float] = defaultdict(float)
        self.together: dict[tuple[str, str], float] = defaultdict(float)
        self.taken_apart: dict[tuple[str, str], float] = defaultdict(float)
        self.baskets: dict[str, float] = defaultdict(float)
        self.purchases: dict[tuple[str, str], Bought] = {}
        self.gaps: dict[str, list[float]] = defaultdict(list)
        self.history: dict[str, list[Looked]] = defaultdict(list)
        self.persons: dict[str, Known] = {}
        self.first_seen: dict[tuple[str, str], datetime] = {}
        self.duplicates = 0

    def fold(self, events: Iterable[Done]) -> None:
        for event in events:
            if event.erases:
                self.history.pop(event.visitor, None)
                self.persons.pop(event.visitor, None)
                self.purchases = {key: b for key, b in self.purchases.items() if key[0] != event.visitor}
                continue
            key = (event.visitor, event.event_id)
            if key in self.first_seen and event.at < self.first_seen[key] + DAY:
                self.duplicates += 1
                continue
            self.first_seen[key] = event.at
            if event.left_out:
                continue
            if event.person:
                self.persons[event.visitor] = Known(event.person, event.at, event.partition, event.offset)
            for product in event.products:
                self._look(event, product, WEIGHTS.get(event.event, 1.0))

    def _look(self, event: Done, product: str, weight: float) -> None:
        grown = 2 ** ((event.at - LANDMARK) / HALF_LIFE)
        if weight > 0:
            self.counts[product] += weight * grown
        history = self.history[event.visitor]
        others = [
            seen.product for seen in reversed(history[-50:]) if seen.product != product and seen.weight > 0
        ]
        known = [
            seen.weight
            for seen in history[-50:]
            if seen.product == product and seen.weight > 0 and seen.place[0] > event.at - DAY
        ]
        told = max(weight - max(known, default=0), 0) if weight > 0 else weight
        for distance, other in enumerate(list(dict.fromkeys(others))[:5] if told else ()):
            for pair in ((product, other), (other, product)):
                sums = self.pairs if weight > 0 else self.against
                sums[pair] += exp(-0.25 * distance) * abs(told) * grown
        if event.event in BASKET:
            self._put_together(event, product, weight * grown)
        if event.event == "Order Completed":
            self._buy(event, product)
        place = (event.at, event.partition, event.offset)
        history.append(Looked(product, weight, place, event.event, event.event_id))

    def _put_together(self, event: Done, product: str, weight: float) -> None:
        if weight > 0:
            self.baskets[product] += weight
        others = {
            seen.product
            for seen in self.history[event.visitor][-50:]
            if (
                seen.event_id == event.event_id
                if event.event == "Order Completed"
                else seen.event == "Product Added" and seen.place[0] > event.at - DAY
            )
        }
        for other in others - {product}:
            for pair in ((product, other), (other, product)):
                (self.together if weight > 0 else self.taken_apart)[pair] += abs(weight)

    def _buy(self, event: Done, product: str) -> None:
        known = self.purchases.get((event.visitor, product))
        if known is None:
            bought = Bought(1, event.at, event.at)
        else:
            if timedelta(hours=12) <= event.at - known.last <= timedelta(days=365):
                self.gaps[product].append((event.at - known.last) / timedelta(days=1))
            bought = Bought(known.times + 1, min(known.first, event.at), max(known.last, event.at))
        self.purchases[event.visitor, product] = bought

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

    def joined(self, visitor: str) -> list[Looked]:
        """What the visitor's person did, on every browser, in the order of the log."""
        known = self.persons.get(visitor)
        visitors = {visitor} | {
            v for v, other in self.persons.items() if known and other.person == known.person
        }
        together = [looked for v in visitors for looked in self.history.get(v, [])[-50:]]
        return sorted(together, key=lambda looked: looked.place)

    def recommend(self, visitor: str, moment: datetime) -> list[tuple[str, float]]:
        """What to recommend to the visitor, best first."""
        seen = [looked.product for looked in reversed(self.joined(visitor)) if looked.weight > 0]
        return self.recommend_for(list(dict.fromkeys(seen)), moment)

    def recommend_for(self, seen: Sequence[str], moment: datetime) -> list[tuple[str, float]]:
        """What to recommend to somebody whose distinct products are these, newest first."""
        scores: dict[str, float] = defaultdict(float)
        for k, product in enumerate(seen[:10]):
            for other, score in self.similar(product, moment):
                scores[other] += 0.5**k * score
        kept = [(product, score) for product, score in scores.items() if product not in seen]
        return sorted(kept, key=lambda pair: (-pair[1], pair[0]))[:50]
