"""Consumer groups and how far behind the end of the log they are."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """One partition that a group reads."""

    topic: str
    partition: int
    committed: int | None
    """None where the group has not committed there yet."""
    end: int | None
    """None where the partition's leader did not answer, or the topic is gone."""

    @property
    def lag(self) -> int | None:
        """Messages between the committed offset and the end."""
        if self.end is None or self.committed is None:
            return None
        # A topic that was made anew may be shorter than what was committed of the old one.
        return max(0, self.end - self.committed)


@dataclass(frozen=True, slots=True)
class Member:
    member_id: str
    client_id: str
    host: str
    assigned: tuple[tuple[str, int], ...]
    """The partitions that it reads."""


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    id: str
    state: str
    coordinator: int
    members: tuple[Member, ...]
    partitions: tuple[PartitionLag, ...]

    @property
    def lag(self) -> int | None:
        """Messages behind over the partitions committed to; None where the end of one is not known."""
        return _sum(self.partitions)

    def lag_in(self, topic: str) -> int | None:
        """As `lag`, of one topic."""
        return _sum([p for p in self.partitions if p.topic == topic])

    @property
    def topics(self) -> list[str]:
        return sorted({p.topic for p in self.partitions})


def _sum(partitions: Sequence[PartitionLag]) -> int | None:
    lags = [p.lag for p in partitions if p.committed is not None]
    known = [lag for lag in lags if lag is not None]
    return sum(known) if len(known) == len(lags) else None
