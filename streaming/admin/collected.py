"""What the collector took, refused and spooled, and what the fold had seen before: by minute, key and event."""

from datetime import timedelta
from typing import Any, Final

from recommendations.admin.cells import Tile, number, span
from recommendations.admin.pages import AdminPage
from streaming.admin.charts import OPTIONS, Chart
from streaming.admin.minutes import (
    ACCEPTED,
    COUNTS,
    DUPLICATE,
    RANGES,
    REJECTED,
    SPOOLED,
    Shown,
    known,
    lines_by,
    lines_of_counts,
    shown,
    totals,
)
from streaming.spool import waiting

WORDS: Final = {
    ACCEPTED: "answered as accepted",
    DUPLICATE: "seen within 24 hours; not counted again",
    REJECTED: "refused and kept, with the reason",
    SPOOLED: "of the accepted: went through the spool",
}
LATE: Final = timedelta(minutes=1)
"""The oldest record of a spool that drains is younger."""


class CollectedPage(AdminPage):
    title = "Collected"
    permission_required = "tracking.view_collectedminute"
    template_name = "streaming/admin/collected.html"
    refresh = 10

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = {
            name: self.request.GET.get(name, "").replace("\x00", "")  # PostgreSQL takes none
            for name in ("range", "source", "event", "count")
        }
        what = shown(asked["range"], asked["source"], asked["event"])
        count = asked["count"] if asked["count"] in COUNTS else ACCEPTED
        range_name = asked["range"] if asked["range"] in RANGES else "1h"
        return super().get_context_data(
            **kwargs,
            tiles=[*_tiles(what, range_name), spool_tile()],
            charts=_charts(what, count),
            chart_options=OPTIONS,
            selects=[
                _select("range", "Range", [(name, f"the last {name[:-1]} h") for name in RANGES], range_name),
                _select("source", "Key", [("", "all"), *_choices("source", what)], what.source),
                _select("event", "Event", [("", "all"), *_choices("event", what)], what.event),
                _select("count", "Shown by key and event", [(name, name) for name in COUNTS], count),
            ],
        )


def spool_tile() -> Tile:
    spool = waiting()
    if not spool.records:
        return Tile("In the spool", "0", "Kafka takes each record at once")
    detail = f"wait for Kafka, the oldest for {span(spool.age)}"
    return Tile("In the spool", number(spool.records), detail, "bad" if spool.age > LATE else "")


def _tiles(what: Shown, range_name: str) -> list[Tile]:
    sums = totals(what)
    return [
        Tile(f"{name.capitalize()}, {range_name[:-1]} h", number(sums[name]), WORDS[name]) for name in COUNTS
    ]


def _charts(what: Shown, count: str) -> list[Chart]:
    per = f"Per minute, {WORDS[count]}"
    minutes = what.step // timedelta(minutes=1)
    mean = f"; each point is the mean of {minutes} minutes" if minutes > 1 else ""
    return [
        Chart("counts", "Events a minute", f"By what became of them{mean}.", lines_of_counts(what), "%H:%M"),
        Chart(
            "by-source",
            f"{count.capitalize()}, by key",
            f"{per}{mean}.",
            lines_by("source", count, what),
            "%H:%M",
        ),
        Chart(
            "by-event",
            f"{count.capitalize()}, by event",
            f"{per}{mean}.",
            lines_by("event", count, what),
            "%H:%M",
        ),
    ]


def _choices(column: str, what: Shown) -> list[tuple[str, str]]:
    """What there is in the range, and what is chosen, even if nothing of it is there any more."""
    names = known(column, what)
    chosen = getattr(what, column)
    return [(name, name) for name in ([] if not chosen or chosen in names else [chosen]) + names]


def _select(name: str, label: str, choices: list[tuple[str, str]], chosen: str) -> dict[str, Any]:
    return {"name": name, "label": label, "choices": choices, "chosen": chosen}
