"""What a second model may have of its own: parsed from text, with messages that say what is accepted."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg import sql

from streaming.jobs.fold import Connection

UNITS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)([mhdw])")
NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,29}")
MOST_WEIGHT: Final = 1000


class ParameterError(Exception):
    """A value that no model can have; the message says which ones it can."""


def duration(least: timedelta, most: timedelta) -> Callable[[str], timedelta]:
    def parse(text: str) -> timedelta:
        found = DURATION.fullmatch(text)
        value = timedelta(seconds=float(found[1]) * UNITS[found[2]]) if found and len(text) < 12 else None
        if value is None or not least <= value <= most:
            raise ParameterError(
                f"{text!r} is no duration from {_short(least)} to {_short(most)}: write 90m, 12h, 30d or 8w."
            )
        return value

    return parse


def whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text[:9]) <= most:
            raise ParameterError(f"{text!r} is no whole number from {least} to {most}.")
        return int(text)

    return parse


def number(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise ParameterError(f"{text!r} is no number from {least:g} to {most:g}.")
        return value

    return parse


def moment(text: str) -> datetime:
    """An RFC 3339 time with its zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ParameterError(
            f"{text!r} is no RFC 3339 time with its zone: write 2026-03-01T00:00:00Z or +01:00 for Z."
        )
    return at.astimezone(UTC)


def weight(text: str) -> tuple[str, float]:
    event, equals, value = text.rpartition("=")
    if not equals or not event:
        raise ParameterError(f'{text!r} gives no event a weight: write "Product Clicked=0.7".')
    return event, number(-MOST_WEIGHT, MOST_WEIGHT)(value)


LONG: Final = timedelta(days=3650)
PARAMETERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "since": moment,
    "until": moment,
    "half_life": duration(timedelta(hours=1), LONG),
    "lookback": whole(1, 50),
    "distance_decay": number(0, 10),
    "smoothing": number(0, 1_000_000),
    "damping": number(0, 2),
    "other_damping": number(0, 2),
    "neighbours": whole(1, 200),
    "recent": whole(1, 50),
    "recency": number(0, 1),
    "history": whole(1, 1000),
    "memory": duration(timedelta(hours=1), LONG),
    "repeat_after": duration(timedelta(), LONG),
    "basket": duration(timedelta(minutes=1), LONG),
}
"""By the name of their column, which is also that of their option."""


@dataclass(frozen=True)
class Asked:
    """What a second model is to have of its own."""

    parameters: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.parameters or self.weights)

    def as_json(self) -> dict[str, Any]:
        told = {name: _told(value) for name, value in self.parameters.items()}
        return told | ({"weights": self.weights} if self.weights else {})


def parse(given: Mapping[str, str | None], weights: Sequence[str] = ()) -> Asked:
    """Raises ParameterError with the option that it is about."""
    parameters = {}
    for name, read in PARAMETERS.items():
        if (text := given.get(name)) is not None:
            try:
                parameters[name] = read(text)
            except ParameterError as error:
                raise ParameterError(f"{option(name)}: {error}") from error
    if "since" in parameters and "until" in parameters and parameters["since"] >= parameters["until"]:
        raise ParameterError("--since must be before --until: nothing happened between the two.")
    try:
        return Asked(parameters, dict(weight(text) for text in weights))
    except ParameterError as error:
        raise ParameterError(f"--weight: {error}") from error


def apply(connection: Connection, schema: str, asked: Asked) -> None:
    """Sets them in the schema's tables. The landmark is now, so that any half-life fits into a float."""
    columns = [
        sql.SQL("{} = {}").format(sql.Identifier(name), value) for name, value in asked.parameters.items()
    ]
    connection.execute(
        sql.SQL("UPDATE {} SET {}").format(
            sql.Identifier(schema, "recommendations_parameters"),
            sql.SQL(", ").join([sql.SQL("landmark = date_trunc('hour', now(), 'UTC')"), *columns]),
        )
    )
    for event, value in asked.weights.items():
        # An event without a row of its own counts like the others, but for its weight.
        connection.execute(
            sql.SQL(
                "CREATE TEMP TABLE weighed ON COMMIT DROP AS SELECT * FROM {} WHERE event IN (%s, '*')"
                " ORDER BY event = '*' LIMIT 1"
            ).format(sql.Identifier(schema, "recommendations_eventweight")),
            (event,),
        )
        connection.execute("UPDATE weighed SET event = %s, weight = %s", (event, value))
        connection.execute(
            sql.SQL("DELETE FROM {} WHERE event = %s").format(
                sql.Identifier(schema, "recommendations_eventweight")
            ),
            (event,),
        )
        connection.execute(
            sql.SQL("INSERT INTO {} SELECT * FROM weighed").format(
                sql.Identifier(schema, "recommendations_eventweight")
            )
        )
        connection.execute("DROP TABLE weighed")


def option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _short(length: timedelta) -> str:
    for unit in "wdhm":
        if length.total_seconds() % UNITS[unit] == 0:
            return f"{length.total_seconds() / UNITS[unit]:g}{unit}"
    return str(length)


def _told(value: Any) -> Any:
    if isinstance(value, timedelta):
        return _short(value)
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
