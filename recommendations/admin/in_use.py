"""How the lists do with those who see them: impressions, clicks, orders, by list and position."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.utils import timezone

from recommendations.admin.cells import Tile, link, number
from recommendations.admin.pages import AdminPage
from recommendations.admin.rates import Column, Explained, percent, rate
from recommendations.in_use.selectors import Counts, ListInUse, lists_since, positions_since

RANGES: Final = {
    "1d": ("the last day", timedelta(days=1)),
    "7d": ("the last 7 days", timedelta(days=7)),
    "30d": ("the last 30 days", timedelta(days=30)),
    "90d": ("the last 90 days", timedelta(days=90)),
}
IMPRESSIONS: Final = Column(
    "Impressions",
    "Products of the list that were at least half in view for a second; each once for a page view and list.",
)
VISITORS: Final = Column(
    "Visitors", "Different visitors to whom something of the list was shown in this time."
)
CLICKS: Final = Column("Clicks", "Clicks on a product in the list, repeated ones too.")
CLICK_THROUGH: Final = Column(
    "Click-through",
    "Clicks of all impressions, with the interval in which the true share lies 19 times in 20 (Wilson). It takes each"
    " impression for independent: with few visitors who see much, the truth is less sure than that.",
)
CONVERSIONS: Final = Column(
    "Orders",
    "Clicks whose product the same visitor then ordered within a day (the model's parameter “attribution”). An order"
    " is put down to the visitor's last click on the product in a list, and counts in the hour of that click.",
)
CONVERSION: Final = Column(
    "Conversion",
    "Orders of all clicks, with the interval in which the true share lies 19 times in 20 (Wilson). Clicks of the last"
    " day may still lead to one.",
)
MEASURES: Final = (CLICKS, CLICK_THROUGH, CONVERSIONS, CONVERSION)
BARS: Final = json.dumps(
    {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "plugins": {"legend": {"display": False}},
        "scales": {
            "x": {
                "title": {"display": True, "text": "position", "color": "#9ca3af"},
                "ticks": {"color": "#9ca3af"},
            },
            "y": {
                "title": {"display": True, "text": "clicks of 100 impressions", "color": "#9ca3af"},
                "ticks": {"color": "#9ca3af"},
                "beginAtZero": True,
            },
        },
    }
)


class InUsePage(AdminPage):
    title = "In use"
    permission_required = "recommendations.view_listhour"
    template_name = "recommendations/admin/in_use.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET.get("range", "")
        chosen = asked if asked in RANGES else "7d"
        since = _since(RANGES[chosen][1])
        lists = lists_since(since)
        shown = self.request.GET.get("list", "").replace("\x00", "") or (lists[0].list_id if lists else "")
        positions = positions_since(since, shown) if shown else {}
        return super().get_context_data(
            **kwargs,
            tiles=_tiles(lists),
            lists=_lists(lists, chosen),
            shown=shown,
            positions=_positions(positions),
            chart=_chart(positions),
            chart_options=BARS,
            since=since,
            selects=[
                ("range", "Range", [(name, words) for name, (words, _) in RANGES.items()], chosen),
                ("list", "Positions of", [(each.list_id, each.list_id) for each in lists], shown),
            ],
        )


def _since(length: timedelta) -> datetime:
    return (timezone.now() - length).replace(minute=0, second=0, microsecond=0)


def _tiles(lists: list[ListInUse]) -> list[Tile]:
    sums = {
        name: sum(getattr(each.counts, name) for each in lists)
        for name in ("impressions", "clicks", "conversions")
    }
    all_counts = Counts(**sums)
    return [
        Tile("Impressions", number(sums["impressions"]), "products really seen in a list"),
        Tile(
            "Clicks", number(sums["clicks"]), f"{percent(all_counts.click_through.share)} of the impressions"
        ),
        Tile(
            "Orders after a click",
            number(sums["conversions"]),
            f"{percent(all_counts.conversion.share)} of them",
        ),
        Tile("Lists", number(len(lists)), "in which something was seen or clicked"),
    ]


def _lists(lists: list[ListInUse], chosen: str) -> Explained:
    return Explained(
        (Column("List", "The id under which a page shows it."), IMPRESSIONS, VISITORS, *MEASURES),
        [
            (
                link("?" + urlencode({"range": chosen, "list": each.list_id}), each.list_id),
                number(each.counts.impressions),
                number(each.visitors),
                *_measures(each.counts),
            )
            for each in lists
        ],
    )


def _positions(positions: Mapping[int, Counts]) -> Explained:
    return Explained(
        (Column("Position", "Where it stood in the list, counted from 1."), IMPRESSIONS, *MEASURES),
        [
            (_name(place), number(counts.impressions), *_measures(counts))
            for place, counts in positions.items()
        ],
    )


def _measures(counts: Counts) -> tuple[Any, ...]:
    return (
        number(counts.clicks),
        rate(counts.click_through),
        number(counts.conversions),
        rate(counts.conversion),
    )


def _chart(positions: Mapping[int, Counts]) -> str:
    """Click-through by position; a gap where too little was seen. Empty where there is none at all."""
    shares = {
        place: counts.click_through.share
        for place, counts in positions.items()
        if place > 0 and counts.click_through.share is not None
    }
    if not shares:
        return ""
    places = range(1, max(shares) + 1)
    bars = [None if (share := shares.get(place)) is None else round(100 * share, 3) for place in places]
    return json.dumps(
        {
            "labels": [_name(place) for place in places],
            "datasets": [{"data": bars, "backgroundColor": "var(--color-primary-600)"}],
        }
    )


def _name(position: int) -> str:
    return {0: "not told", 51: "51 and on"}.get(position, str(position))
