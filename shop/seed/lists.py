"""Reads the word lists. To add a category, copy a file in `categories/` and name it in `departments.toml`."""

import tomllib
from pathlib import Path

import msgspec

HERE = Path(__file__).parent


class Brand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    level: float
    """What its goods cost beside the usual price."""
    ranges: list[str]


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    price: float
    materials: list[str]
    text: str
    facts: dict[str, list[str]]
    consumable: bool = False
    shape: str = ""
    scale: tuple[float, float] = (1, 1)


class CategoryWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    code: str
    description: str
    hue: int
    shape: str
    count: int
    colours: list[str]
    patterns: list[str]
    closings: list[str]
    brands: dict[str, Brand]
    materials: dict[str, str]
    kinds: list[Kind]


def departments() -> dict[str, list[str]]:
    """Each department's category slugs, both in the order of the menu."""
    return msgspec.convert(tomllib.loads((HERE / "departments.toml").read_text()), dict[str, list[str]])


def category_words(slug: str) -> CategoryWords:
    """The word list of one category; a misspelt field is an error that names it."""
    return msgspec.convert(tomllib.loads((HERE / "categories" / f"{slug}.toml").read_text()), CategoryWords)
