"""From a file to rows, each with the line that it begins on. What a row says is not judged here."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

Format = Literal["csv", "json"]
DELIMITERS: Final = ",;\t|"
SPACE: Final = " \t\r\n"
ENCODING: Final = "utf-8-sig"


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    values: dict[str, Any]
    """By field; from CSV all are texts."""


class UnreadableError(Exception):
    """The file cannot be read on from a line: what comes after it is not known."""

    def __init__(self, line: int, message: str, field: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.field = field


def format_of(name: str) -> Format:
    """By the ending of the file's name; `.json` and `.jsonl` are JSON, everything else is read as CSV."""
    return "json" if name.lower().endswith((".json", ".jsonl", ".ndjson")) else "csv"


def rows_of(content: bytes, form: Format) -> Iterator[Row]:
    """The rows in their order. Raises UnreadableError."""
    try:
        text = content.decode(ENCODING)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UnreadableError(line, "is not UTF-8: save the file with that encoding") from error
    if not text.strip():
        raise UnreadableError(1, "the file is empty")
    yield from _csv_rows(text) if form == "csv" else _json_rows(text)


def _csv_rows(text: str) -> Iterator[Row]:
    head = text.lstrip().partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] | None = None
    line = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise UnreadableError(line, f"cannot be read as CSV: {error}") from error
        if cells is None:
            break
        if any(cell.strip() for cell in cells):
            if names is None:
                names = _header(cells, line)
            elif len(cells) > len(names):
                said = f"has {len(cells)} cells where the header has {len(names)}: quote what holds a {delimiter!r}"
                yield Row(line, dict(zip(names, cells, strict=False)) | {"": said})
            else:
                yield Row(line, dict(zip(names, cells, strict=False)))
        line = reader.line_num + 1


def _header(cells: list[str], line: int) -> list[str]:
    names = [cell.strip().lower().replace(" ", "_") for cell in cells]
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise UnreadableError(line, "stands twice in the header", field=min(twice))
    return names


def _json_rows(text: str) -> Iterator[Row]:
    """An array of objects, an object whose "products" is one, or an object on each line."""
    decoder = json.JSONDecoder()
    place = _skip(text, 0)
    in_array = text[place] == "["
    if not in_array and (wrapped := _start_of_products(text, place)) is not None:
        place, in_array = wrapped, True
    if in_array:
        place = _skip(text, place + 1)
    line, counted = 1, 0
    while place < len(text) and not (in_array and text[place] == "]"):
        line, counted = line + text.count("\n", counted, place), place
        try:
            value, place = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            raise UnreadableError(error.lineno, f"cannot be read as JSON: {error.msg}") from error
        except RecursionError as error:
            raise UnreadableError(line, "cannot be read as JSON: it is nested too deep") from error
        if not isinstance(value, dict):
            raise UnreadableError(line, "is not an object: each product is one, with its fields by name")
        yield Row(line, value)
        place = _skip(text, place)
        if in_array and place < len(text) and text[place] == ",":
            place = _skip(text, place + 1)
        elif in_array and (place >= len(text) or text[place] != "]"):
            raise UnreadableError(
                line + text.count("\n", counted, place), "cannot be read as JSON: here a comma or ] belongs"
            )
    if in_array and place >= len(text):
        raise UnreadableError(text.count("\n") + 1, "ends before its ]: the file is cut off")


def _start_of_products(text: str, place: int) -> int | None:
    """Where the array of {"products": [...]} begins; its key must be the first."""
    head, colon, _ = text[place:].partition(":")
    if not colon or head.strip("{" + SPACE) != '"products"':
        return None
    start = _skip(text, place + len(head) + 1)
    return start if text[start : start + 1] == "[" else None


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in SPACE:
        place += 1
    return place
