"""Committed offsets of a group without members, moved: to the earliest, the latest, a time, an offset, by a number."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kafka import OffsetAndMetadata, TopicPartition
from kafka.errors import GroupIdNotFoundError, NoError

from streaming.changes import RefusedError
from streaming.connection import connection
from streaming.consumer_protocol import members_of
from streaming.groups import Member
from streaming.messages.bounds import NoTopicError, Spans, bounds, offsets_at

Place = tuple[str, int]
"""Topic and partition."""


class To(StrEnum):
    EARLIEST = "earliest"
    LATEST = "latest"
    TIME = "time"
    SHIFT = "shift"
    OFFSET = "offset"


@dataclass(frozen=True, slots=True)
class Wish:
    to: To
    topic: str = ""
    """Empty: every partition that the group has committed. Else all partitions of the topic."""
    partition: int | None = None
    time: datetime | None = None
    number: int = 0
    """The offset, or by how many messages to shift."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a group has committed, and who is in it now."""

    group: str
    offsets: dict[Place, int]
    members: tuple[Member, ...]

    @property
    def topics(self) -> list[str]:
        return sorted({topic for topic, _ in self.offsets})


@dataclass(frozen=True, slots=True)
class Reset:
    """Where each partition is to go, within what the log holds."""

    offsets: dict[Place, int]
    ends: dict[Place, int]
    passed_over: list[Place]
    """What cannot be shifted: nothing is committed there."""


def committed_of(group: str) -> Committed:
    """Raises UnansweredError."""
    found = connection.ask(lambda client: client.list_group_offsets(group))[group]
    return Committed(
        group=group,
        offsets={(at.topic, at.partition): each.offset for at, each in found.items() if each.offset >= 0},
        members=members_of([group])[group],
    )


def reset_of(committed: Committed, wish: Wish) -> Reset:
    """What the wish comes to now. Raises RefusedError, UnansweredError."""
    wanted = _places(committed, wish)
    known = {topic: _spans(topic) for topic in sorted({topic for topic, _ in wanted})}
    times = {
        topic: offsets_at(topic, spans, wish.time) if wish.time is not None else {}
        for topic, spans in known.items()
    }
    offsets, ends, passed_over = {}, {}, []
    for topic, partition in wanted:
        span = known[topic].get(partition)
        if span is None:
            raise RefusedError(
                f"{topic}-{partition} is not there, or its leader does not answer: choose other partitions."
            )
        first, end = span
        now = committed.offsets.get((topic, partition))
        if wish.to is To.SHIFT and now is None:
            passed_over.append((topic, partition))
            continue
        at_time = times[topic].get(partition)
        target = {
            To.EARLIEST: first,
            To.LATEST: end,
            To.TIME: end if at_time is None else at_time,
            To.SHIFT: (now or 0) + wish.number,
            To.OFFSET: wish.number,
        }[wish.to]
        offsets[topic, partition] = min(max(target, first), end)
        ends[topic, partition] = end
    return Reset(offsets, ends, passed_over)


def commit(group: str, offsets: dict[Place, int]) -> None:
    """Moves a group that has no members. Raises RefusedError, UnansweredError."""
    asked = {
        TopicPartition(topic, partition): OffsetAndMetadata(offset, "", -1)
        for (topic, partition), offset in offsets.items()
    }
    told = connection.ask(lambda client: client.alter_group_offsets(group, asked))
    if failed := {f"{at.topic}-{at.partition}": error for at, error in told.items() if error is not NoError}:
        place, error = next(iter(failed.items()))
        raise RefusedError(
            f"Kafka did not move {len(failed)} of {len(told)} partitions, {place} for one: {error.__name__}."
            " Stop the group's members and look at it again."
        )


def delete(group: str) -> None:
    """Forgets a group that has no members. Raises RefusedError, UnansweredError."""
    told = connection.ask(lambda client: client.delete_groups([group]))[group]
    if told == GroupIdNotFoundError.__name__:
        raise RefusedError(f"The cluster knows no group {group} any more.")
    if told != "OK":
        raise RefusedError(f"Kafka did not delete it: {told}. Stop the group's members first.")


def refuse_members(committed: Committed) -> None:
    """Raises RefusedError where somebody runs: what they commit next would undo it."""
    if committed.members:
        some = ", ".join(f"{each.client_id} on {each.host}" for each in committed.members[:3])
        more = f" and {len(committed.members) - 3} more" if len(committed.members) > 3 else ""
        raise RefusedError(f"The group has members: stop {some}{more} first, then come back.")


def _places(committed: Committed, wish: Wish) -> Iterable[Place]:
    if not wish.topic:
        return sorted(committed.offsets)
    if wish.partition is not None:
        return [(wish.topic, wish.partition)]
    return [(wish.topic, partition) for partition in sorted(_spans(wish.topic))]


def _spans(topic: str) -> Spans:
    try:
        known = bounds(topic)
    except NoTopicError as error:
        raise RefusedError(f"The cluster has no topic {error}: choose another.") from error
    if known.unanswered:
        raise RefusedError(
            f"The leader of {topic}, partition {', '.join(map(str, known.unanswered))}, does not answer: see that all"
            " brokers are up."
        )
    return known.spans
