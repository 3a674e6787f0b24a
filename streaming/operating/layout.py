"""Which brokers hold which partition: as it is, and as it should be with as few moves as can be."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from streaming.changes import RefusedError

At = tuple[str, int]
"""A partition: its topic and number."""
Replicas = tuple[int, ...]
Layout = Mapping[At, Replicas]
"""By partition the brokers that hold it, the preferred leader first."""
Racks = Mapping[int, str | None]
"""The brokers that may hold partitions, with the rack of each."""

ROUNDS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Share:
    """What one broker has of a layout."""

    replicas: int
    leads: int


def shares(layout: Layout, brokers: Iterable[int]) -> dict[int, Share]:
    held = Counter(broker for replicas in layout.values() for broker in replicas)
    led = Counter(replicas[0] for replicas in layout.values() if replicas)
    return {broker: Share(held[broker], led[broker]) for broker in sorted({*brokers, *held})}


def added(before: Layout, after: Layout) -> dict[At, Replicas]:
    """By partition the brokers that get a copy of it."""
    found = {at: tuple(b for b in after[at] if b not in before[at]) for at in after}
    return {at: brokers for at, brokers in found.items() if brokers}


def balanced(layout: Layout, racks: Racks, *, replication: int | None = None) -> dict[At, Replicas]:
    """The layout on these brokers, each with as many replicas and leaders as the next, give or take one.

    Replicas of a partition are in different racks where there are enough. What is as it should be is not moved.
    Raises RefusedError where a partition cannot have its replicas on different brokers.
    """
    if not racks:
        raise RefusedError("No broker is left to hold anything: choose one at least.")
    needed = replication or max((len(replicas) for replicas in layout.values()), default=0)
    if needed > len(racks):
        raise RefusedError(
            f"{needed} replicas of a partition need {needed} brokers and there are {len(racks)}: "
            "add brokers, or ask for fewer replicas."
        )
    placing = _Placing(layout, racks)
    placing.take_away(replication)
    placing.fill(replication)
    placing.spread_over_racks()
    placing.even_out()
    placing.even_out_leaders()
    return placing.layout()


class _Placing:
    """The replicas while they are being placed; leaders stay first as long as they hold the partition."""

    def __init__(self, layout: Layout, racks: Racks) -> None:
        self.was = layout
        self.racks = racks
        self.placed: dict[At, list[int]] = {at: list(replicas) for at, replicas in sorted(layout.items())}
        self.held: Counter[int] = Counter()
        self.in_topic: Counter[tuple[str, int]] = Counter()

    def layout(self) -> dict[At, Replicas]:
        return {at: tuple(replicas) for at, replicas in self.placed.items()}

    def take_away(self, replication: int | None) -> None:
        """What is on brokers that may hold nothing goes, and what is more than wanted."""
        for replicas in self.placed.values():
            replicas[:] = [broker for broker in replicas if broker in self.racks]
        self._count()
        for at, replicas in self.placed.items():
            while replication and len(replicas) > replication:
                self._drop(at, max(replicas[1:], key=lambda b: (self._rack_mates(replicas, b), self.held[b])))

    def fill(self, replication: int | None) -> None:
        """Each partition is given what it lacks, on the brokers that have least."""
        for at, replicas in self.placed.items():
            for _ in range((replication or len(self.was[at])) - len(replicas)):
                self._add(at, min(self._free(at), key=lambda b: self._cost(at, replicas, b)))

    def spread_over_racks(self) -> None:
        """A replica whose rack has another one moves where a rack has none."""
        for at, replicas in self.placed.items():
            for broker in list(replicas):
                better = [b for b in self._free(at) if not self._rack_mates(replicas, b, without=broker)]
                if self._rack_mates(replicas, broker, without=broker) and better:
                    self._replace(at, broker, min(better, key=lambda b: self._cost(at, replicas, b)))

    def even_out(self) -> None:
        """From who holds most to who holds least, until they differ by one or nothing may move."""
        for _ in range(ROUNDS):
            if not self._move_one():
                return

    def even_out_leaders(self) -> None:
        """Leadership is handed on along partitions that both hold: nothing is copied for it."""
        for _ in range(ROUNDS):
            led = Counter(dict.fromkeys(self.racks, 0))
            led.update(replicas[0] for replicas in self.placed.values())
            if not self._hand_on(led):
                return

    def _count(self) -> None:
        self.held = Counter(dict.fromkeys(self.racks, 0))
        for (topic, _), replicas in self.placed.items():
            self.held.update(replicas)
            self.in_topic.update((topic, broker) for broker in replicas)

    def _move_one(self) -> bool:
        order = sorted(self.racks, key=lambda b: (self.held[b], b))
        for target in order:
            for source in reversed(order):
                if self.held[source] - self.held[target] < 2:
                    break
                movable = [at for at in self.placed if self._may_move(at, source, target)]
                if movable:
                    # Of the topic that has most on the one and least on the other; leaders last.
                    best = max(
                        movable,
                        key=lambda at: (
                            self.in_topic[at[0], source] - self.in_topic[at[0], target],
                            self.placed[at][0] != source,
                        ),
                    )
                    self._replace(best, source, target)
                    return True
        return False

    def _may_move(self, at: At, source: int, target: int) -> bool:
        replicas = self.placed[at]
        if source not in replicas or target in replicas:
            return False
        return self._rack_mates(replicas, target, without=source) <= self._rack_mates(
            replicas, source, without=source
        )

    def _hand_on(self, led: Counter[int]) -> bool:
        """One leadership from a broker that leads too many to one that leads two less, over others if need be."""
        for source in sorted(led, key=lambda b: -led[b]):
            came_by: dict[int, tuple[int, At]] = {}
            queue = deque([source])
            while queue:
                giver = queue.popleft()
                for at, replicas in self.placed.items():
                    if replicas[0] != giver:
                        continue
                    for taker in replicas[1:]:
                        if taker == source or taker in came_by:
                            continue
                        came_by[taker] = (giver, at)
                        if led[source] - led[taker] >= 2:
                            self._shift(came_by, source, taker)
                            return True
                        queue.append(taker)
        return False

    def _shift(self, came_by: dict[int, tuple[int, At]], source: int, taker: int) -> None:
        while taker != source:
            giver, at = came_by[taker]
            replicas = self.placed[at]
            replicas.remove(taker)
            replicas.insert(0, taker)
            taker = giver

    def _free(self, at: At) -> list[int]:
        return [broker for broker in self.racks if broker not in self.placed[at]]

    def _cost(self, at: At, replicas: list[int], broker: int) -> tuple[int, int, int, int]:
        # A broker that held it before needs no copy.
        return (
            self._rack_mates(replicas, broker),
            self.held[broker],
            self.in_topic[at[0], broker],
            broker,
        )

    def _rack_mates(self, replicas: list[int], broker: int, *, without: int | None = None) -> int:
        rack = self.racks[broker]
        return (
            0 if rack is None else sum(self.racks[b] == rack for b in replicas if b not in (broker, without))
        )

    def _add(self, at: At, broker: int) -> None:
        self.placed[at].append(broker)
        self.held[broker] += 1
        self.in_topic[at[0], broker] += 1

    def _drop(self, at: At, broker: int) -> None:
        self.placed[at].remove(broker)
        self.held[broker] -= 1
        self.in_topic[at[0], broker] -= 1

    def _replace(self, at: At, source: int, target: int) -> None:
        place = self.placed[at].index(source)
        self._add(at, target)
        self._drop(at, source)
        self.placed[at].remove(target)
        self.placed[at].insert(place, target)
