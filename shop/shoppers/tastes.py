"""The planted tastes: which goods a shopper comes for, so that there is something to be found in the log.

A taste is two or three categories and one theme within them, such as green things or cheap things. Several
shoppers share each taste, and so look at the same goods together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from shop.shoppers.shelves import Good, Shelves

LOYALTY = 0.85
"""How much of what a shopper looks at is of their taste; the rest is anything in the shop."""
FEWEST_LIKED = 3
"""Of each category a taste must leave this many goods, else it would be no choice."""
FAMILIES = ("blue", "green", "neutral", "red", "yellow", "pink", "wood")
BANDS = ("cheap", "middling", "dear")


@dataclass(frozen=True, slots=True)
class Theme:
    kind: str
    """Either "colour", of a family of colours, or "price", of a third of the category."""
    value: str

    def fits(self, good: Good, shelf: Sequence[Good]) -> bool:
        if self.kind == "colour":
            return good.colour_family == self.value
        cheaper = sum(other.price < good.price for other in shelf)
        return BANDS[min(3 * cheaper // len(shelf), 2)] == self.value


@dataclass(frozen=True, slots=True)
class Taste:
    theme: Theme
    liked: tuple[Good, ...]
    """The goods of this taste, best-loved first."""

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(good.category for good in self.liked))


def plant_tastes(shelves: Shelves, count: int, random: Random) -> list[Taste]:
    """`count` tastes; the same shelves and the same random numbers give the same."""
    themes = [Theme("colour", family) for family in FAMILIES] + [Theme("price", band) for band in BANDS]
    tastes: list[Taste] = []
    while len(tastes) < count:
        theme = themes[len(tastes) % len(themes)]
        fitting = {
            category: liked
            for category, shelf in shelves.items()
            if len(liked := [good for good in shelf if theme.fits(good, shelf)]) >= FEWEST_LIKED
        }
        if len(fitting) < 2:
            themes.remove(theme)
            if not themes:
                raise ValueError("No theme fits two categories: load the catalogue first.")
            continue
        categories = random.sample(sorted(fitting), k=min(random.choice((2, 3)), len(fitting)))
        liked = [good for category in categories for good in fitting[category]]
        random.shuffle(liked)
        tastes.append(Taste(theme, tuple(liked)))
    return tastes


def choose(taste: Taste, shelves: Shelves, random: Random) -> Good:
    """The next good to look at: of the taste, the best-loved oftenest, or now and then anything."""
    if random.random() < LOYALTY:
        weights = [1 / (rank + 1) ** 0.6 for rank in range(len(taste.liked))]
        return random.choices(taste.liked, weights)[0]
    return random.choice(shelves[random.choice(sorted(shelves))])
