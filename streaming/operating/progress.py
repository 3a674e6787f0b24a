"""How far a move is: what was planned stands in the audit, the rest the cluster tells. Nothing else is remembered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from streaming.changes import Facts, Plan, recorded
from streaming.models import Change
from streaming.operating import moves
from streaming.operating.layout import At, Layout, Replicas, added
from streaming.operating.moves import Ongoing
from streaming.operating.throttle import lift, moving_topics

MOVE: Final = "Move partitions"
CANCEL: Final = "Cancel the move of partitions"
LIFT: Final = "Lift the throttle"
THROTTLE: Final = "throttle, bytes a second"


@dataclass(frozen=True, slots=True)
class Copy:
    """One partition on its way."""

    at: At
    adding: Replicas
    removing: Replicas
    copied: int
    whole: int
    """Bytes, over all brokers that get a copy."""


@dataclass(frozen=True, slots=True)
class Progress:
    copies: tuple[Copy, ...]
    """What is still on its way."""
    arrived: int
    """Bytes of partitions of the newest move that have arrived."""
    planned: int
    as_planned: int
    """Partitions of the newest move, and those that are where they should be."""
    begun_at: datetime | None
    throttle: int | None
    is_lifted: bool

    @property
    def copied(self) -> int:
        return self.arrived + sum(copy.copied for copy in self.copies)

    @property
    def whole(self) -> int:
        return self.arrived + sum(copy.whole for copy in self.copies)

    @property
    def share(self) -> float:
        """Of the bytes, and of the partitions where there are none."""
        if self.whole:
            return self.copied / self.whole
        return self.as_planned / self.planned if self.planned else 1.0

    def remaining(self, now: datetime) -> timedelta | None:
        """At the rate until now; None where nothing has been copied yet, or the start is not known."""
        if not self.copies or self.begun_at is None or not self.copied:
            return None
        return (now - self.begun_at) * ((self.whole - self.copied) / self.copied)


def newest_move() -> Change | None:
    return Change.objects.filter(action=MOVE, state=Change.State.DONE).order_by("-id").first()


def progress() -> Progress:
    """Raises RefusedError, UnansweredError."""
    under_way = moves.ongoing()
    move = newest_move()
    before, target = (layout_in(move.before), layout_in(move.after)) if move else ({}, {})
    now_at = moves.layout_of(topic for topic, _ in target)
    sizes = moves.sizes(
        broker
        for replicas in (*(each.replicas for each in under_way.values()), *now_at.values())
        for broker in replicas
    )
    arrived = [at for at in target if at not in under_way and now_at.get(at) == target[at]]
    copies = added(before, target)
    throttle = move.after.get(THROTTLE) if move else None
    return Progress(
        copies=tuple(_copy(at, each, sizes) for at, each in under_way.items()),
        arrived=sum(sizes.get(broker, {}).get(at, 0) for at in arrived for broker in copies.get(at, ())),
        planned=len(target),
        as_planned=len(arrived),
        begun_at=move.at if move else None,
        throttle=throttle if isinstance(throttle, int) else None,
        is_lifted=move is None or throttle is None or _is_lifted(move),
    )


def facts_of(layout: Layout) -> dict[str, str]:
    """A layout as the audit keeps it."""
    return {f"{topic}-{number}": ", ".join(map(str, brokers)) for (topic, number), brokers in layout.items()}


def layout_in(facts: Facts | Mapping[str, object]) -> dict[At, Replicas]:
    """The layout in what the audit kept."""
    layout = {}
    for name, brokers in facts.items():
        topic, dash, number = name.rpartition("-")
        if dash and number.isdecimal() and isinstance(brokers, str):
            layout[topic, int(number)] = tuple(int(broker) for broker in brokers.split(","))
    return layout


def _is_lifted(move: Change) -> bool:
    return Change.objects.filter(action__in=[LIFT, CANCEL], id__gt=move.id, state=Change.State.DONE).exists()


def _copy(at: At, each: Ongoing, sizes: Mapping[int, Mapping[At, int]]) -> Copy:
    held = {broker: sizes.get(broker, {}).get(at, 0) for broker in each.replicas}
    size = max((held[broker] for broker in each.original), default=0)
    return Copy(
        at=at,
        adding=each.adding,
        removing=each.removing,
        copied=sum(min(held[broker], size) for broker in each.adding),
        whole=size * len(each.adding),
    )


def lift_when_done() -> bool:
    """Lifts the throttle of a move that is over; whether it did. Raises as `progress`."""
    move = newest_move()
    if move is None or THROTTLE not in move.after or _is_lifted(move) or moves.ongoing():
        return False
    before, target = layout_in(move.before), layout_in(move.after)
    brokers = {broker for layout in (before, target) for replicas in layout.values() for broker in replicas}
    plan = Plan({THROTTLE: move.after[THROTTLE]}, {})
    with recorded(by=None, action=LIFT, subject=move.subject, plan=plan):
        lift(moving_topics(target), brokers)
    return True
