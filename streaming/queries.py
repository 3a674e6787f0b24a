"""The Spark queries as the ledger knows them: whether each is alive, and how far behind the log it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from streaming.cluster import Offsets
from streaming.models import Position, Query

ALIVE_FOR: Final = timedelta(seconds=15)
"""A driver that has not been seen for this long is taken to be gone."""


@dataclass(frozen=True, slots=True)
class PositionLag:
    """One partition that a query applies. Spark commits nothing to Kafka: the ledger holds its offsets."""

    topic: str
    partition: int
    offset: int
    """The next offset that it will read."""
    end: int | None
    appended_at: datetime | None

    @property
    def lag(self) -> int | None:
        """Events waiting, None where the end is not known."""
        return None if self.end is None else self.end - self.offset


@dataclass(frozen=True, slots=True)
class QueryState:
    query: Query
    positions: tuple[PositionLag, ...]
    now: datetime

    @property
    def silent_for(self) -> timedelta:
        return self.now - self.query.seen_at

    @property
    def state(self) -> str:
        """`alive`, `failed` (its last run said why it ended) or `silent`."""
        if self.query.error:
            return "failed"
        return "alive" if self.silent_for < ALIVE_FOR else "silent"

    @property
    def lag(self) -> int | None:
        """Events waiting in all its partitions, None where one of them is not known."""
        return _sum(self.positions)

    def lag_in(self, topic: str) -> int | None:
        """As `lag`, of one topic."""
        return _sum([position for position in self.positions if position.topic == topic])


def query_states(ends: Offsets) -> list[QueryState]:
    """Every query that has ever run, by name. Without `ends` no lag is known.

    A partition of a query's topic that it has not read yet counts from offset 0, as the query will read it.
    """
    now = timezone.now()
    positions: dict[str, dict[tuple[str, int], Position]] = {}
    for each in Position.objects.all():
        positions.setdefault(each.query_id, {})[(each.topic, each.partition)] = each
    return [
        QueryState(query, _positions(positions.get(query.name, {}), ends), now)
        for query in Query.objects.order_by("name")
    ]


def _positions(read: dict[tuple[str, int], Position], ends: Offsets) -> tuple[PositionLag, ...]:
    topics = {topic for topic, _ in read}
    unread = {at for at in ends if at[0] in topics} - set(read)
    lags = [
        PositionLag(p.topic, p.partition, p.offset, _end(ends.get(at), p), p.appended_at)
        for at, p in read.items()
    ]
    lags += [PositionLag(topic, partition, 0, ends[topic, partition], None) for topic, partition in unread]
    return tuple(sorted(lags, key=lambda lag: (lag.topic, lag.partition)))


def _end(known: int | None, position: Position) -> int | None:
    """What has been applied was in the log, so an end that was read before the position has moved since."""
    return None if known is None else max(known, position.offset)


def _sum(positions: Sequence[PositionLag]) -> int | None:
    known = [position.lag for position in positions if position.lag is not None]
    return sum(known) if len(known) == len(positions) else None
