"""Whether each minute's events are all there: accepted = in the topic - resent + spooled + erased.

An event belongs to the minute in which the collector received it, in the collector's counts, in the spool and in the
log alike: so a minute can be held to account however long its events took.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db import connection

from recommendations.models import FoldedMinute, ReceivedMinute
from streaming.cluster import Cluster, Unreachable
from streaming.queries import PositionLag, query_states
from streaming.topics import topic_name
from tracking.events import ACTIVITY
from tracking.models import CollectorRun

QUERY: Final = "activity"
MOST_SPOOLED: Final = 20_000
"""Records of the spool that are told apart by their minute; beyond, all minutes since then go on."""
COUNTED_LATE: Final = timedelta(seconds=15)
"""A minute's counts and records are all written so long after its end, but for those in the spool."""
APPENDED_LATE: Final = timedelta(seconds=30)
"""An event that does not go through the spool is in the topic so long after its receipt."""
SILENT: Final = timedelta(seconds=30)
"""A collector that has not said for so long that it counts has been killed."""
LONGEST: Final = timedelta(minutes=2)
"""A killed collector's last counts are looked for within so long after it counted last."""
NEVER: Final = datetime.min.replace(tzinfo=UTC)

COUNTS: Final = """
    SELECT minute, 'accepted', sum(accepted) FROM tracking_collectedminute
    WHERE minute >= %(since)s AND event <> '' GROUP BY minute
    UNION ALL SELECT minute, 'went', sum(spooled) FROM tracking_collectedminute
    WHERE minute >= %(since)s AND event <> '' GROUP BY minute
    UNION ALL SELECT minute, 'tried', sum(tried) FROM tracking_collectedminute
    WHERE minute >= %(since)s AND event <> '' GROUP BY minute
    UNION ALL SELECT minute, 'resent', sum(resent) FROM tracking_collectedminute
    WHERE minute >= %(since)s AND event <> '' GROUP BY minute
    UNION ALL SELECT minute, 'erased', sum(erased) FROM tracking_collectedminute
    WHERE minute >= %(since)s AND event <> '' GROUP BY minute
    UNION ALL SELECT minute, 'folded', events FROM recommendations_receivedminute WHERE minute >= %(since)s
    UNION ALL SELECT date_trunc('minute', (convert_from(value, 'UTF8')::jsonb->>'receivedAt')::timestamptz), 'spooled',
                     count(*)
    FROM (
        SELECT value FROM tracking_spooledrecord
        WHERE topic = %(topic)s AND value IS NOT NULL ORDER BY id LIMIT %(most)s
    ) waiting GROUP BY 1
"""
"""One statement, so that all of it is of one moment: an event moves from the spool into the topic, and is in one."""


class Verdict(StrEnum):
    ADDS_UP = "adds up"
    GOES_ON = "goes on"
    MISSING = "missing"
    TOO_MANY = "too many"
    UNCOUNTED = "not counted"


@dataclass(frozen=True, slots=True)
class Window:
    """The events that were received in one minute."""

    at: datetime
    accepted: int = 0
    went: int = 0
    """Of the accepted: went through the spool, some time or other."""
    tried: int = 0
    resent: int = 0
    erased: int = 0
    spooled: int = 0
    """Wait in the spool now."""
    folded: int = 0
    """In the topic, as far as Spark has applied it."""
    verdict: Verdict = Verdict.GOES_ON

    @property
    def twice(self) -> int:
        """In the topic twice: they were sent without an answer, spooled, and sent again.

        Measured, within what is possible: of a few nobody is told that they landed, and of a few too early.
        """
        return max(0, min(self.surplus, max(self.tried, self.resent) + self.erased))

    @property
    def surplus(self) -> int:
        """More in the topic and the spool than were accepted; below 0, fewer."""
        return self.folded + self.spooled - (self.accepted - self.erased)

    @property
    def difference(self) -> int:
        """What is not accounted for: below 0 events are missing, above 0 there are too many."""
        return self.surplus - self.twice


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What can be judged by now."""

    settled_until: datetime
    """Minutes that end later may still change."""
    is_waiting: bool
    """Whether the topic holds events that Spark has not applied."""
    spooled_since: datetime | None
    """From this minute on the spool holds more than is told apart."""
    killed: tuple[tuple[datetime, datetime], ...] = ()
    """When collectors were killed: from the last moment that they had counted to the latest possible end."""


def windows(since: datetime, cluster: Cluster | Unreachable, now: datetime) -> list[Window]:
    """Of each minute with events since then, newest first."""
    known = knowledge(cluster, now)
    counted = _counts(max(since, _begun()))
    spooled = sum(each.get("spooled", 0) for each in counted.values())
    if spooled > MOST_SPOOLED:
        held = [at for at, each in counted.items() if each.get("spooled")]
        known = Knowledge(known.settled_until, known.is_waiting, min(held), known.killed)
    return [judged(at, counts, known) for at, counts in sorted(counted.items(), reverse=True)]


def judged(at: datetime, counts: Mapping[str, int], known: Knowledge) -> Window:
    window = Window(at, **dict(counts))  # type: ignore[arg-type]  # the names of `COUNTS` are its fields
    return replace(window, verdict=_verdict(window, known))


def _verdict(window: Window, known: Knowledge) -> Verdict:
    end = window.at + timedelta(minutes=1)
    if window.difference == 0:
        return Verdict.ADDS_UP if end <= known.settled_until else Verdict.GOES_ON
    if end > known.settled_until or (known.spooled_since and window.at >= known.spooled_since):
        return Verdict.GOES_ON
    if window.difference < 0:
        # What came out of the spool may stand anywhere in what Spark has not applied.
        return Verdict.GOES_ON if window.went and known.is_waiting else Verdict.MISSING
    was_killed = any(begun < end and window.at < ended for begun, ended in known.killed)
    return Verdict.UNCOUNTED if was_killed else Verdict.TOO_MANY


def knowledge(cluster: Cluster | Unreachable, now: datetime) -> Knowledge:
    ends = cluster.ends() if isinstance(cluster, Cluster) else {}
    topic = topic_name(ACTIVITY)
    state = next((each for each in query_states(ends) if each.query.name == QUERY), None)
    positions = [each for each in state.positions if each.topic == topic] if state else []
    behind = [each for each in positions if each.lag != 0]
    settled = min([now - COUNTED_LATE, *(_settled(each) for each in behind)]) if positions else NEVER
    return Knowledge(settled, bool(behind) or not positions, None, _killed(now))


def _settled(position: PositionLag) -> datetime:
    """All that comes after it was appended later, and received not long before that."""
    if position.lag is None or position.appended_at is None:
        return NEVER
    return position.appended_at - APPENDED_LATE


def _killed(now: datetime) -> tuple[tuple[datetime, datetime], ...]:
    runs = list(CollectorRun.objects.order_by("started_at"))
    killed = []
    for run in runs:
        if run.ended_at is None and run.counted_at < now - SILENT:
            after = [each.started_at for each in runs if each.started_at > run.counted_at]
            last = min([run.counted_at + LONGEST, *after])
            killed.append((run.counted_at - COUNTED_LATE, last))
    return tuple(killed)


def _begun() -> datetime:
    """The first minute of which all is counted: where events were folded before they were, it is the second."""
    first = ReceivedMinute.objects.order_by("minute").values_list("minute", flat=True).first()
    if first is None:
        return NEVER
    older = FoldedMinute.objects.filter(minute__lt=first - timedelta(minutes=1)).exists()
    return first + timedelta(minutes=1) if older else NEVER


def _counts(since: datetime) -> dict[datetime, dict[str, int]]:
    counted: dict[datetime, dict[str, int]] = {}
    asked: dict[str, Any] = {"since": since, "topic": topic_name(ACTIVITY), "most": MOST_SPOOLED + 1}
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, asked)
        for minute, kind, number in cursor.fetchall():
            if minute >= since:
                counted.setdefault(minute, {})[kind] = int(number)
    return counted
