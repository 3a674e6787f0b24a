"""Where the partitions of a topic begin and end, and where a moment stands in them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError

from streaming.connection import connection

Span = tuple[int, int]
"""Offsets from (included) to (excluded)."""
Spans = dict[int, Span]
"""By partition."""


class NoTopicError(Exception):
    """The cluster has no such topic."""


@dataclass(frozen=True, slots=True)
class Bounds:
    topic: str
    spans: Spans
    """From the earliest offset to the end, of each partition whose leader answered."""
    unanswered: tuple[int, ...]
    """Partitions without a leader, or whose leader did not answer."""

    @property
    def partitions(self) -> list[int]:
        return sorted([*self.spans, *self.unanswered])


def bounds(topic: str) -> Bounds:
    """Where the topic begins and ends now. Raises NoTopicError, UnansweredError."""
    return connection.ask(lambda client: _bounds(client, topic))


def offsets_at(topic: str, partitions: Iterable[int], moment: datetime) -> dict[int, int | None]:
    """Of each partition the first offset not older than `moment`; None where all are. Raises UnansweredError."""
    wanted = [TopicPartition(topic, partition) for partition in partitions]
    milliseconds = max(0, round(moment.timestamp() * 1000))

    def ask(client: KafkaAdminClient) -> dict[int, int | None]:
        found = client.list_partition_offsets(dict.fromkeys(wanted, milliseconds)) if wanted else {}
        return {at.partition: each.offset if each.offset >= 0 else None for at, each in found.items()}

    return connection.ask(ask)


def _bounds(client: KafkaAdminClient, topic: str) -> Bounds:
    (described,) = client.describe_topics([topic])
    if not described["partitions"]:
        raise NoTopicError(topic)
    by_leader: dict[int, list[TopicPartition]] = defaultdict(list)
    for partition in described["partitions"]:
        by_leader[partition["leader_id"]].append(TopicPartition(topic, partition["partition_index"]))
    spans: Spans = {}
    unanswered = [at.partition for at in by_leader.pop(-1, [])]
    for partitions in by_leader.values():
        try:
            earliest = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
            latest = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        except KafkaError:
            unanswered += [at.partition for at in partitions]
            continue
        spans |= {at.partition: (earliest[at].offset, latest[at].offset) for at in partitions}
    return Bounds(topic, spans, tuple(sorted(unanswered)))
