"""Which arm of an experiment a visitor is in: by a hash of the visitor, the same in every process and in the fold.

Serving asks `arm_of` for each list that it makes; the fold asks the SQL function of the same name when it counts.
A test holds the two together.
"""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from typing import Any, Final

from django.db.models import F, Q
from django.db.models.functions import Now

from recommendations.experiments.models import Experiment

BUCKETS: Final = 10_000
KNOWN_FOR: Final = 2.0
"""Seconds. An experiment starts and stops some seconds after it is told to, so that by then every process knows."""


@dataclass(frozen=True, slots=True)
class Arm:
    """What a visitor's lists are to be made with."""

    experiment: str
    name: str
    control: bool
    list_ids: frozenset[str]
    """The lists that it is about; every other list is served as ever."""
    model: str
    """Name of a second model; empty for the live one."""
    rules: str
    """Name of a set of rules; empty for the usual ones."""
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assignment:
    """One experiment, as far as it decides who is in it."""

    salt: str
    starts_at: datetime
    stops_at: datetime | None
    arms: Sequence[tuple[range, Arm]]
    """Each with the buckets that are its own."""

    def arm_of(self, visitor_id: str, moment: datetime) -> Arm | None:
        if moment < self.starts_at or (self.stops_at is not None and moment >= self.stops_at):
            return None
        bucket = bucket_of(self.salt, visitor_id)
        return next((arm for buckets, arm in self.arms if bucket in buckets), None)


def bucket_of(salt: str, visitor_id: str) -> int:
    """One of 10,000 buckets, by nothing but the experiment's salt and the visitor."""
    digest = md5(f"{salt}:{visitor_id}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) % BUCKETS


def arm_of(visitor_id: str, list_id: str | None = None, moment: datetime | None = None) -> Arm | None:
    """The arm of the visitor, or of their list of that id; None for who is in no experiment.

    A visitor is in one experiment at a time: the one that started first of those which are running and take them.
    It asks the database by the ORM, at most every two seconds: on an event loop `refresh` in a thread first, unless
    it `is_current`.
    """
    moment = moment or datetime.now(UTC)
    for assignment in _known.assignments():
        if arm := assignment.arm_of(visitor_id, moment):
            return arm if list_id is None or list_id in arm.list_ids else None
    return None


def refresh() -> None:
    """Reads the experiments anew where what is known is old."""
    _known.assignments()


def is_current() -> bool:
    """Whether `arm_of` answers from what is known, without asking the database."""
    return time.monotonic() < _known.until


def on_event_loop() -> bool:
    """There nobody may wait for the database: what was known last has to do until a thread has refreshed it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def forget() -> None:
    """Makes the next caller read the experiments anew."""
    _known.until = 0.0


def read_assignments() -> list[Assignment]:
    """The experiments that run or are about to, in the order in which they take visitors."""
    current = Experiment.objects.filter(Q(stops_at=None) | Q(stops_at__gt=Now()), starts_at__isnull=False)
    return [
        _assignment_of(experiment)
        for experiment in current.order_by(F("starts_at"), "id").prefetch_related("arms")
    ]


def _assignment_of(experiment: Experiment) -> Assignment:
    arms: list[tuple[range, Arm]] = []
    first = 0
    for arm in sorted(experiment.arms.all(), key=lambda arm: arm.pk):
        beyond = first + arm.share * BUCKETS // 100
        told = Arm(
            experiment=experiment.name,
            name=arm.name,
            control=arm.control,
            list_ids=frozenset(experiment.list_ids),
            model=arm.model,
            rules=arm.rules,
            parameters=arm.parameters,
        )
        arms.append((range(first, beyond), told))
        first = beyond
    assert experiment.starts_at is not None
    return Assignment(experiment.salt, experiment.starts_at, experiment.stops_at, arms)


class _Known:
    """What this process knows of the experiments, for two seconds. One thread reads, the others take what was known."""

    def __init__(self) -> None:
        self.until = 0.0
        self._assignments: list[Assignment] | None = None
        self._reading = threading.Lock()

    def assignments(self) -> list[Assignment]:
        if self._assignments is not None and (time.monotonic() < self.until or on_event_loop()):
            return self._assignments
        if not self._reading.acquire(blocking=self._assignments is None):
            assert self._assignments is not None
            return self._assignments
        try:
            if time.monotonic() >= self.until or self._assignments is None:
                self._assignments = read_assignments()
                self.until = time.monotonic() + KNOWN_FOR
            return self._assignments
        finally:
            self._reading.release()


_known = _Known()
