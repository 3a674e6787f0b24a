"""The ledger's page: what was accepted is in the topic, what is there was applied, and which window is not so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from recommendations.admin.cells import Cell, Table, badge, moment, number
from recommendations.admin.pages import AdminPage
from streaming.admin.ledger import balance_table
from streaming.applied import Applied, Hole, applied_since, holes_since
from streaming.balance import balances
from streaming.cluster import Unreachable
from streaming.snapshots import snapshot
from streaming.windows import Verdict, Window, windows

RANGES: Final = {
    "1h": ("hour", timedelta(hours=1), timedelta(minutes=1)),
    "24h": ("24 hours", timedelta(hours=24), timedelta(minutes=15)),
    "14d": ("14 days", timedelta(days=14), timedelta(hours=6)),
}
"""How far back, and the length of a row's window; each minute is judged by itself."""
MOST_WRONG: Final = 50
TONES: Final = {
    Verdict.ADDS_UP: "success",
    Verdict.GOES_ON: "info",
    Verdict.UNCOUNTED: "warning",
    Verdict.MISSING: "danger",
    Verdict.TOO_MANY: "danger",
}
HEADERS: Final = ("Received", "Accepted", "= in the topic", "- resent", "+ spooled", "+ erased", "Verdict")


@dataclass(frozen=True, slots=True)
class Row:
    """The minutes of one window, summed. What is missing of one is never set off against what another has too many."""

    at: datetime | None
    minutes: Sequence[Window]

    def sum_of(self, name: str) -> int:
        return sum(getattr(window, name) for window in self.minutes)

    @property
    def verdict(self) -> Cell:
        told = [
            _said(verdict, sum(abs(each.difference) for each in self.minutes if each.verdict == verdict))
            for verdict in (Verdict.MISSING, Verdict.TOO_MANY, Verdict.UNCOUNTED, Verdict.GOES_ON)
            if any(each.verdict == verdict for each in self.minutes)
        ]
        return told[0] if told else badge("adds up", TONES[Verdict.ADDS_UP])

    def cells(self, when: Cell) -> Sequence[Cell]:
        counts = [self.sum_of(name) for name in ("accepted", "folded", "twice", "spooled", "erased")]
        return (when, *(number(count) for count in counts), self.verdict)


def _said(verdict: Verdict, events: int) -> Cell:
    words = {
        Verdict.MISSING: f"{events:,} missing",
        Verdict.TOO_MANY: f"{events:,} too many",
        Verdict.UNCOUNTED: f"a collector was killed: {events:,} not counted",
        Verdict.GOES_ON: "goes on",
    }
    return badge(words[verdict], TONES[verdict])


class LedgerPage(AdminPage):
    title = "Ledger"
    permission_required = "streaming.view_batch"
    template_name = "streaming/admin/accounts.html"
    refresh = 5

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET.get("range", "")
        name = asked if asked in RANGES else "1h"
        _, length, step = RANGES[name]
        now, cluster = timezone.now(), snapshot()
        since = (now - length).replace(second=0, microsecond=0)
        judged = windows(since, cluster, now)
        applied, holes = applied_since(since, step), holes_since(since)
        return super().get_context_data(
            **kwargs,
            unreachable=cluster if isinstance(cluster, Unreachable) else None,
            ranges=[(each, words, each == name) for each, (words, *_) in RANGES.items()],
            words=RANGES[name][0],
            whole=Table(headers=HEADERS, rows=[Row(None, judged).cells("all of it")] if judged else []),
            balance=balance_table(balances()),
            wrong=wrong_table(judged, applied, holes),
            windows=Table(headers=HEADERS, rows=[row.cells(moment(row.at)) for row in rows_of(judged, step)]),
            applied=Table(
                headers=(
                    "Committed",
                    "Query",
                    "Of the topic",
                    "= processed",
                    "+ duplicate",
                    "+ rejected",
                    "",
                ),
                rows=[_applied(each) for each in applied],
            ),
            refresh=self.refresh if name == "1h" else 30,
        )


def rows_of(judged: Sequence[Window], step: timedelta) -> list[Row]:
    """One for each step, newest first."""
    steps: dict[datetime, list[Window]] = {}
    for window in judged:
        steps.setdefault(window.at - (window.at - _EPOCH) % step, []).append(window)
    return [Row(at, minutes) for at, minutes in steps.items()]


_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00Z")


def wrong_table(judged: Sequence[Window], applied: Sequence[Applied], holes: Sequence[Hole]) -> Table:
    """Everything that does not add up, to the minute, the partition and the offset."""
    bad = (Verdict.MISSING, Verdict.TOO_MANY, Verdict.UNCOUNTED)
    rows: list[Sequence[Cell]] = [(moment(hole.before), _place(hole), _hole(hole)) for hole in holes]
    rows += [
        (
            moment(each.at),
            f"batches of {each.query}",
            badge(f"{each.wrong:,} records not as counted", "danger"),
        )
        for each in applied
        if each.wrong
    ]
    rows += [
        (moment(each.at), "events received in this minute", Row(each.at, [each]).verdict)
        for each in judged
        if each.verdict in bad
    ]
    return Table(headers=("Window", "What", "Difference"), rows=rows[:MOST_WRONG])


def _place(hole: Hole) -> str:
    return f"{hole.topic}-{hole.partition}, offsets {hole.expected:,} to {hole.first:,}"


def _hole(hole: Hole) -> Cell:
    if hole.first < hole.expected:
        return badge(f"{hole.expected - hole.first:,} applied twice", "danger")
    return badge(f"{hole.first - hole.expected:,} never applied", "danger")


def _applied(each: Applied) -> Sequence[Cell]:
    verdict = badge(f"{each.wrong:,} not as counted", "danger") if each.wrong else badge("adds up", "success")
    counts = (each.records, each.processed, each.duplicates, each.rejected)
    return (moment(each.at), each.query, *(number(count) for count in counts), verdict)
