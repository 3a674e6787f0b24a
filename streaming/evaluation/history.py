"""A file of events in memory: read row by row, checked, and put into the order of time."""

import csv
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as parquet

from streaming.evaluation.layouts import Layout, layout_of, moment_of
from tracking.events import EARLIEST_TIME, MAX_ID_LENGTH, MAX_NAME_LENGTH

DELIMITERS: Final = "\t;,"
EARLIEST: Final = datetime.fromisoformat(EARLIEST_TIME)
EXAMPLES: Final = 20

Integers = npt.NDArray[np.int64]


class Refusal(NamedTuple):
    """A row that is no event: its line in the file (its number in Parquet), the column, and what is wrong there."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.reason}"


class RefusedRowError(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(column, reason)
        self.column = column
        self.reason = reason


@dataclass
class Names:
    """Names by number, in the order in which they came."""

    names: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, name: str) -> int:
        known = self.numbers.get(name)
        if known is None:
            known = self.numbers[name] = len(self.names)
            self.names.append(name)
        return known

    def __len__(self) -> int:
        return len(self.names)


class Interaction(NamedTuple):
    visitor: str
    product: str
    event: str
    milliseconds: int
    """Since 1970."""
    basket: str


@dataclass
class History:
    """Columns of numbers, all of the same length and in the order of time; what they number stands in the names.

    Events of the same time keep the order of the file.
    """

    layout: Layout
    visitors: Names
    products: Names
    events: Names
    baskets: Names
    visitor: Integers
    product: Integers
    event: Integers
    basket: Integers
    milliseconds: Integers
    refused: Counter[tuple[str, str]]
    """Rows that are no events, by column and reason."""
    examples: list[Refusal]
    """The first of them."""

    def __len__(self) -> int:
        return len(self.milliseconds)

    def part(self, chosen: npt.NDArray[np.bool_] | slice) -> "History":
        """The chosen rows; names and numbers stay the same."""
        columns = {
            name: getattr(self, name)[chosen]
            for name in ("visitor", "product", "event", "basket", "milliseconds")
        }
        return History(
            self.layout,
            self.visitors,
            self.products,
            self.events,
            self.baskets,
            refused=self.refused,
            examples=self.examples,
            **columns,
        )

    def __iter__(self) -> Iterator[Interaction]:
        visitors, products, events = self.visitors.names, self.products.names, self.events.names
        baskets = self.baskets.names
        for visitor, product, event, at, basket in zip(
            self.visitor.tolist(),
            self.product.tolist(),
            self.event.tolist(),
            self.milliseconds.tolist(),
            self.basket.tolist(),
            strict=True,
        ):
            yield Interaction(visitors[visitor], products[product], events[event], at, baskets[basket])


def read_history(
    path: Path,
    named: Mapping[str, str] | None = None,
    *,
    visitor_prefix: str = "",
    product_prefix: str = "",
    earliest: datetime = EARLIEST,
    known: History | None = None,
) -> History:
    """Reads a CSV, TSV or Parquet file. Rows that are no events are counted and told, the others kept.

    Its names go on where those of `known` end, so that a number means the same in both.

    Raises LayoutUnknownError, and OSError or ValueError where the file cannot be read.
    """
    columns, rows = _open(path)
    layout = layout_of(columns, named)
    if layout.header:
        rows = _with_first(columns, layout.header, rows)
    names = (known.visitors, known.products, known.events, known.baskets) if known else _no_names()
    return _Reader(layout, visitor_prefix, product_prefix, earliest).read(rows, *names)


Rows = Iterator[tuple[int, Sequence[str], Sequence[Any]]]
"""The line, the columns and their values; there are as many of both in a good row."""


def _open(path: Path) -> tuple[Sequence[str], Rows]:
    if path.suffix in (".parquet", ".pq"):
        file = parquet.ParquetFile(path)
        columns = list(file.schema_arrow.names)
        return columns, _parquet_rows(file, columns)
    lines = path.open(newline="", encoding="utf-8-sig", errors="surrogateescape")
    first = lines.readline()
    lines.seek(0)
    delimiter = max(DELIMITERS, key=lambda d: (first.count(d), -DELIMITERS.index(d)))
    reader = csv.reader(lines, delimiter=delimiter, strict=False)
    columns = next(reader, [])
    return columns, _csv_rows(reader, columns)


def _csv_rows(reader: Any, columns: Sequence[str]) -> Rows:
    for row in reader:
        yield reader.line_num, columns, row


def _parquet_rows(file: Any, columns: Sequence[str]) -> Rows:
    number = 0
    for batch in file.iter_batches(50_000):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            number += 1
            yield number, columns, row


def _with_first(first: Sequence[str], columns: Sequence[str], rows: Rows) -> Rows:
    """The rows of a file without a header, the first line too."""
    yield 1, columns, first
    for line, _, row in rows:
        yield line, columns, row


def _no_names() -> tuple[Names, Names, Names, Names]:
    return Names(), Names(), Names(), Names()


class _Reader:
    def __init__(self, layout: Layout, visitor_prefix: str, product_prefix: str, earliest: datetime) -> None:
        self.layout = layout
        self.visitor_prefix = visitor_prefix
        self.product_prefix = product_prefix
        self.earliest = earliest
        self.latest = datetime.now(UTC)

    def read(self, rows: Rows, visitors: Names, products: Names, events: Names, baskets: Names) -> History:
        numbers = tuple(array("q") for _ in range(5))
        refused: Counter[tuple[str, str]] = Counter()
        examples: list[Refusal] = []
        for line, columns, values in rows:
            try:
                if len(values) != len(columns):
                    raise RefusedRowError("row", f"has not {len(columns)} columns")
                row = self._interaction(dict(zip(columns, values, strict=True)))
            except RefusedRowError as error:
                refused[error.column, error.reason] += 1
                if len(examples) < EXAMPLES:
                    examples.append(Refusal(line, error.column, error.reason))
                continue
            numbers[0].append(visitors.number(row.visitor))
            numbers[1].append(products.number(row.product))
            numbers[2].append(events.number(row.event))
            numbers[3].append(baskets.number(row.basket))
            numbers[4].append(row.milliseconds)
        columns_read = [np.frombuffer(column, np.int64) for column in numbers]
        order = np.argsort(columns_read[4], kind="stable")
        visitor, product, event, basket, milliseconds = (column[order] for column in columns_read)
        return History(
            self.layout,
            visitors,
            products,
            events,
            baskets,
            visitor,
            product,
            event,
            basket,
            milliseconds,
            refused,
            examples,
        )

    def _interaction(self, row: Mapping[str, Any]) -> Interaction:
        layout = self.layout
        visitor = _identifier(row, layout.visitor, self.visitor_prefix)
        product = _identifier(row, layout.product, self.product_prefix)
        basket = _identifier(row, layout.basket, "") if layout.basket and row[layout.basket] else ""
        try:
            moment = moment_of(row[layout.time])
        except ValueError as error:
            raise RefusedRowError(layout.time, "is no time (a number since 1970, or ISO 8601)") from error
        milliseconds = round(moment.timestamp() * 1000)
        if layout.after:
            try:
                milliseconds += round(float(row[layout.after]))
            except (TypeError, ValueError, OverflowError) as error:
                raise RefusedRowError(layout.after, "is no number of milliseconds") from error
        if not self.earliest <= moment <= self.latest:
            raise RefusedRowError(layout.time, f"is before {self.earliest.year} or in the future")
        event = layout.event_of(row)
        if len(event) > MAX_NAME_LENGTH or _unfit(event):
            raise RefusedRowError(layout.event, f"is no name of 1 to {MAX_NAME_LENGTH} characters")
        return Interaction(visitor, product, event, milliseconds, basket)


def _identifier(row: Mapping[str, Any], column: str, prefix: str) -> str:
    value = row[column]
    if value is None or value != value or value == "":  # NaN is not equal to itself
        raise RefusedRowError(column, "is empty")
    text = prefix + (
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    )
    if not 0 < len(text) <= MAX_ID_LENGTH or _unfit(text):
        raise RefusedRowError(column, f"is no id of 1 to {MAX_ID_LENGTH} characters")
    return text


def _unfit(text: str) -> bool:
    """Whether Postgres or Kafka cannot hold it: U+0000, or bytes that are no UTF-8."""
    return "\0" in text or any("\udc80" <= character <= "\udcff" for character in text)


def told(refused: Mapping[tuple[str, str], int], examples: Iterable[Refusal]) -> Iterator[str]:
    """What was refused, in lines for a person."""
    total = sum(refused.values())
    if not total:
        return
    yield f"{total:,} rows are no events and were left out:"
    for (column, reason), number in sorted(refused.items(), key=lambda item: -item[1]):
        yield f"  {number:,} x {column}: {reason}"
    yield "The first of them:"
    yield from (f"  {example}" for example in examples)
