"""What a Kafka cluster is and holds at one moment; `streaming.snapshots` takes it."""

from dataclasses import dataclass
from datetime import datetime

from streaming.groups import ConsumerGroup

Offsets = dict[tuple[str, int], int]
"""A number for each partition: an offset or a size."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of a topic. What a broker that did not answer would have told is None."""

    topic: str
    number: int
    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]
    earliest: int | None
    latest: int | None
    size: int | None
    """Bytes on the disk of its leader."""

    @property
    def under_replicated(self) -> bool:
        return len(self.in_sync) < len(self.replicas)

    @property
    def records(self) -> int | None:
        """Offsets from the earliest to the end: fewer records than that in a compacted topic."""
        if self.latest is None or self.earliest is None:
            return None
        return self.latest - self.earliest


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    internal: bool
    partitions: tuple[Partition, ...]

    @property
    def replication_factor(self) -> int:
        return max((len(p.replicas) for p in self.partitions), default=0)

    @property
    def under_replicated(self) -> int:
        return sum(p.under_replicated for p in self.partitions)

    @property
    def records(self) -> int | None:
        return _total([p.records for p in self.partitions])

    @property
    def size(self) -> int | None:
        """Bytes on the disks of the leaders, so each record once."""
        return _total([p.size for p in self.partitions])


@dataclass(frozen=True, slots=True)
class Broker:
    id: int
    address: str
    rack: str | None
    alive: bool
    """False of a broker that the controller has given up on: it is registered, and away."""
    controls: bool
    """True of the active controller of the cluster."""
    leads: int
    """Partitions that it leads."""
    holds: int
    """Partitions of which it has a replica."""
    size: int | None
    """Bytes of all its replicas, None where it did not answer."""


@dataclass(frozen=True, slots=True)
class Cluster:
    id: str
    brokers: tuple[Broker, ...]
    topics: tuple[Topic, ...]
    groups: tuple[ConsumerGroup, ...]
    unanswered: tuple[int, ...]
    """Brokers that the controller still counts in, but that did not answer."""
    taken_at: datetime

    @property
    def partitions(self) -> list[Partition]:
        return [partition for topic in self.topics for partition in topic.partitions]

    @property
    def under_replicated(self) -> int:
        return sum(topic.under_replicated for topic in self.topics)

    @property
    def leaderless(self) -> int:
        return sum(partition.leader is None for partition in self.partitions)

    def topic(self, name: str) -> Topic | None:
        return next((topic for topic in self.topics if topic.name == name), None)

    def ends(self) -> Offsets:
        """The end offset of each partition whose leader answered."""
        return {(p.topic, p.number): p.latest for p in self.partitions if p.latest is not None}


@dataclass(frozen=True, slots=True)
class Unreachable:
    """What stands in for a snapshot when there is none: pages show its message."""

    message: str
    taken_at: datetime


def _total(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
