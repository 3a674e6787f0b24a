"""How values look in the admin's tables. What is not known is a dash, never a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypedDict

from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

UNKNOWN: Final = "–"

Cell = str | int | SafeString


class Table(TypedDict):
    """As unfold's table component takes it."""

    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of a page, with what it is of."""

    title: str
    value: Cell
    detail: Cell = ""
    tone: str = ""
    """`good` or `bad`, where the number alone does not say so."""


def number(value: float | None, places: int = 0) -> str:
    return UNKNOWN if value is None else f"{value:,.{places}f}"


def size(octets: int | None) -> str:
    return UNKNOWN if octets is None else filesizeformat(octets)


def moment(at: datetime | None) -> Cell:
    """The time of day, with the date where it is not today; all of it on hovering."""
    if at is None:
        return UNKNOWN
    local = timezone.localtime(at)
    form = "%H:%M:%S" if local.date() == timezone.localdate() else "%Y-%m-%d %H:%M:%S"
    return format_html('<time datetime="{0}" title="{0}">{1}</time>', at.isoformat(), local.strftime(form))


def span(duration: timedelta) -> str:
    """How long, in its largest fitting unit."""
    seconds = duration.total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def milliseconds(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.0f} ms"


def badge(text: str, tone: str = "default") -> SafeString:
    """A coloured label; tone: `success`, `warning`, `danger`, `info` or `default`."""
    return SafeString(
        render_to_string("unfold/helpers/label.html", {"text": text, "variant": tone, "size": "md"}).strip()
    )


def link(address: str, text: str) -> SafeString:
    return format_html(
        '<a class="font-medium text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, text
    )


def code(text: str) -> SafeString:
    """An id, all of it on hovering."""
    shown = text if len(text) <= 40 else f"{text[:20]}…{text[-12:]}"
    return format_html('<code title="{}">{}</code>', text, shown)
