"""How shares with their intervals look in the admin, and columns that explain themselves when pointed at."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.html import format_html

from recommendations.admin.cells import UNKNOWN, Cell
from recommendations.experiments.statistics import Interval
from recommendations.in_use.selectors import FEWEST, Rate


class Column(NamedTuple):
    title: str
    definition: str


class Explained(NamedTuple):
    """A table as `explained.html` draws it."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def percent(share: float | None) -> str:
    """With two digits that say something."""
    if share is None:
        return UNKNOWN
    return f"{share:.1%}" if abs(share) >= 0.01 or share == 0 else f"{share:.2%}"


def range_of(interval: Interval | None) -> str:
    return UNKNOWN if interval is None else f"{percent(interval.low)} to {percent(interval.high)}"


def rate(measured: Rate) -> Cell:
    """The share with its interval; where there is none, why."""
    if measured.interval is not None:
        return format_html(
            '<b class="font-semibold">{}</b> <span class="text-subtle whitespace-nowrap">{}</span>',
            percent(measured.share),
            range_of(measured.interval),
        )
    if measured.successes > measured.trials:
        return format_html(
            '<span class="text-subtle" title="{}">not a share</span>',
            f"{measured.successes:,} of {measured.trials:,}: some sender reports clicks and not what was seen.",
        )
    return format_html(
        '<span class="text-subtle" title="{}">too few</span>',
        f"{measured.successes:,} of {measured.trials:,}: a share is told from {FEWEST} on.",
    )
