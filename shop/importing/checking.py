"""From rows to products: each field is judged by itself, and every mistake is told with its line."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from shop.importing.reading import Row

ALIASES: Final = {"id": "product_id", "sku": "product_id", "title": "name", "quantity": "stock"}
"""What other shops' exports call a field."""
NEEDED: Final = ("product_id", "name", "price", "category")
PRODUCT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
WHOLE: Final = re.compile(r"\d{1,9}")
PRICE: Final = re.compile(r"\d{1,6}(\.\d{1,2})?")
YES: Final = frozenset(["1", "true", "yes"])
NO: Final = frozenset(["0", "false", "no", ""])
MOST_ATTRIBUTES: Final = 50


class WrongError(Exception):
    """What is wrong with a value, and what is right."""


@dataclass(frozen=True, slots=True)
class RowError:
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field + ': ' if self.field else ''}{self.message}"


@dataclass(slots=True)
class Checked:
    """What a file says, as far as it is right."""

    products: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Line and fields: only those that the file has."""
    errors: list[RowError] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)
    """Columns that nothing here is called."""


def check(rows: Iterable[Row], progress: Callable[[int], None] = lambda line: None) -> Checked:
    """Judges every row. Raises UnreadableError."""
    checked = Checked()
    lines: dict[str, int] = {}
    for row in rows:
        before = len(checked.errors)
        found = _fields_of(row, checked)
        product_id = found.get("product_id")
        if product_id and product_id in lines:
            checked.errors.append(
                RowError(row.line, "product_id", f"{product_id!r} stands on line {lines[product_id]} already")
            )
        elif product_id:
            lines[product_id] = row.line
        if len(checked.errors) == before:
            checked.products.append((row.line, found))
        progress(row.line)
    if not checked.products and not checked.errors:
        checked.errors.append(RowError(1, "", "the file holds no product"))
    return checked


def _fields_of(row: Row, checked: Checked) -> dict[str, Any]:
    found: dict[str, Any] = {}
    given: dict[str, tuple[str, Any]] = {}
    for called, value in row.values.items():
        if called == "":
            if value:  # more cells than names
                checked.errors.append(RowError(row.line, "", str(value)))
            continue
        name = ALIASES.get(called, called)
        if name not in FIELDS:
            checked.ignored.add(called)
        elif name not in given or called == name:
            given[name] = (called, value)
    for name, (called, value) in given.items():
        if name not in NEEDED and value in (None, ""):
            continue  # an empty cell says nothing
        try:
            found[name] = FIELDS[name](value)
        except WrongError as error:
            checked.errors.append(RowError(row.line, called, str(error)))
    for name in NEEDED:
        if name not in given:
            checked.errors.append(RowError(row.line, name, "is missing"))
    return found


def _text(most: int, *, needed: bool = False) -> Callable[[Any], str]:
    def check_text(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise WrongError(f"{_told(value)} is no text")
        text = str(value).strip()
        if needed and not text:
            raise WrongError("is empty")
        if "\x00" in text:
            raise WrongError("holds a NUL character")
        if len(text) > most:
            raise WrongError(f"has {len(text)} characters, {most} at most")
        return text

    return check_text


def _product_id(value: Any) -> str:
    text = _text(10_000, needed=True)(value)
    if not PRODUCT_ID.fullmatch(text):
        raise WrongError(f"{_told(text)}: 1 to 40 letters, digits, hyphens and underscores")
    return text


def _price(value: Any) -> Decimal:
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if not PRICE.fullmatch(text):
        raise WrongError(f"{_told(value)}: a number like 12.50, without a currency, 999999.99 at most")
    try:
        price = Decimal(text)
    except InvalidOperation as error:
        raise WrongError(f"{_told(value)} is no number") from error
    if price <= 0:
        raise WrongError("must be more than 0")
    return price


def _stock(value: Any) -> int:
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not WHOLE.fullmatch(text):
        raise WrongError(f"{_told(value)}: a whole number from 0")
    return int(text)


def _flag(value: Any) -> bool:
    text = str(value).strip().lower()
    if isinstance(value, bool | int | str) and text in YES | NO:
        return text in YES
    raise WrongError(f"{_told(value)}: true or false, yes or no, 1 or 0")


def _attributes(value: Any) -> list[list[str]]:
    """From JSON an object, or pairs; from CSV "Colour: blue; Size: L"."""
    if isinstance(value, str):
        pairs: list[Any] = [part.split(":", 1) for part in value.split(";") if part.strip()]
    elif isinstance(value, Mapping):
        pairs = list(value.items())
    else:
        pairs = value if isinstance(value, list) else [None]
    found = []
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise WrongError('names and values: "Colour: blue; Size: L", in JSON an object')
        found.append([_text(60, needed=True)(pair[0]), _text(500)(pair[1])])
    if len(found) > MOST_ATTRIBUTES:
        raise WrongError(f"has {len(found)} of them, {MOST_ATTRIBUTES} at most")
    return found


def _told(value: Any) -> str:
    told = repr(value)
    return told if len(told) <= 60 else told[:57] + "..."


FIELDS: Final[dict[str, Callable[[Any], Any]]] = {
    "product_id": _product_id,
    "name": _text(120, needed=True),
    "price": _price,
    "category": _text(80, needed=True),
    "department": _text(40),
    "brand": _text(60),
    "description": _text(20_000),
    "stock": _stock,
    "attributes": _attributes,
    "consumable": _flag,
    "hidden": _flag,
}
"""Every field of a file, and how it is judged."""
