"""Chance that comes out the same on every machine and every Python."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Draws from `Random.random()` alone: of Python's generator only its results are promised to stay."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311  (a catalogue, not a secret)

    def below(self, limit: int) -> int:
        return int(self._random.random() * limit)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def happens(self, probability: float) -> bool:
        return self._random.random() < probability

    def shuffled(self, items: Sequence[T]) -> list[T]:
        return [
            item
            for _, item in sorted(((self._random.random(), item) for item in items), key=lambda pair: pair[0])
        ]
