"""Makes the demo catalogue from the word lists: unsaved models, equal on every call."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle

from shop.art.palette import COLOURS
from shop.models import Category, Product
from shop.seed.chance import Chance
from shop.seed.lists import CategoryWords, Kind, category_words, departments
from shop.seed.prices import price_point

OPENED = datetime(2025, 3, 1, 9, tzinfo=UTC)
NEWEST = datetime(2026, 11, 1, 9, tzinfo=UTC)


def demo_catalogue() -> Iterator[tuple[Category, list[Product]]]:
    """Every category with its products, in the order of the menu."""
    slugs = [(department, slug) for department, slugs in departments().items() for slug in slugs]
    for position, (department, slug) in enumerate(slugs):
        words = category_words(slug)
        category = Category(
            slug=slug,
            name=words.name,
            department=department,
            description=words.description,
            position=position,
            hue=words.hue,
            shape=words.shape,
            colour=words.colours[0],
        )
        yield category, list(_products(category, words))


def _products(category: Category, words: CategoryWords) -> Iterator[Product]:
    chance = Chance(category.slug)
    combinations = {kind.name: iter(_combinations(words, chance)) for kind in words.kinds}
    for number, kind in zip(range(1, words.count + 1), cycle(words.kinds), strict=False):
        brand, series, colour = next(combinations[kind.name])
        material = chance.pick(_fitting_materials(kind, colour))
        yield Product(
            product_id=f"{words.code}-{number:03}",
            category=category,
            name=f"{series} {kind.name} in {COLOURS[colour].label}",
            brand=brand,
            description=" ".join((kind.text, words.materials[material], chance.pick(words.closings))),
            attributes=_attributes(kind, material, colour, chance),
            price=_price(kind, words.brands[brand].level, chance),
            stock=_stock(chance),
            consumable=kind.consumable,
            created_at=OPENED + timedelta(hours=chance.below(int((NEWEST - OPENED).total_seconds() // 3600))),
            shape=kind.shape or words.shape,
            colour=colour,
            pattern=chance.pick(words.patterns),
            width=kind.scale[0],
            height=kind.scale[1],
        )


def _combinations(words: CategoryWords, chance: Chance) -> list[tuple[str, str, str]]:
    """Brand, series and colour in random order, but every colour once before any comes again."""
    ranges = [(brand, series) for brand, about in words.brands.items() for series in about.ranges]
    rounds = [chance.shuffled(ranges) for _ in words.colours]
    return [
        (*rounds[i][turn], colour)
        for turn in range(len(ranges))
        for i, colour in chance.shuffled(list(enumerate(words.colours)))
    ]


def _fitting_materials(kind: Kind, colour: str) -> list[str]:
    """A thing in "Copper" or "Walnut" is made of it, where the kind can be; nothing else is said to be."""
    label = COLOURS[colour].label
    return [m for m in kind.materials if m == label] or kind.materials


def _attributes(kind: Kind, material: str, colour: str, chance: Chance) -> list[list[str]]:
    facts = [[name, chance.pick(values)] for name, values in kind.facts.items()]
    return [["Material", material], ["Colour", COLOURS[colour].label], *facts]


def _price(kind: Kind, level: float, chance: Chance) -> Decimal:
    return price_point(kind.price * level * (0.95 + chance.below(11) / 100))


def _stock(chance: Chance) -> int:
    if chance.happens(0.04):
        return 0
    return 1 + chance.below(4) if chance.happens(0.1) else 8 + chance.below(110)
