"""What an experiment has found, and whether it is decided: a function of counts by hour that later ones do not change.

The criterion is a number of visitors, fixed at the start. Visitors count by the hour in which they came, with what they
did within the window after that. The experiment is decided by the visitors of its first hours up to the one in which
every arm had enough, once their windows are over. Who came later is shown, and changes nothing: looking often, or
letting it run on, makes no error likelier. Which hour that is depends on how many came, and not on what they did.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db.models import Max
from django.utils import timezone

from recommendations.experiments.models import Experiment, ExperimentArm, ExposureHour
from recommendations.experiments.statistics import (
    UNEVEN_BELOW,
    Interval,
    chance_of_counts,
    confidence_of_each,
    difference,
    wilson,
)
from recommendations.models import FoldedMinute

HOUR: Final = timedelta(hours=1)


class State(StrEnum):
    DRAFT = "draft"
    WAITING = "about to start"
    RUNNING = "running"
    STOPPED = "stopped"


class Finding(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    NONE = "no difference found"
    UNDECIDED = "not decided"


@dataclass(frozen=True, slots=True)
class Counted:
    """An arm's visitors, and how many of them did what the metric is about."""

    arm: ExperimentArm
    visitors: int
    successes: int

    @property
    def share(self) -> float | None:
        return self.successes / self.visitors if self.visitors else None

    @property
    def interval(self) -> Interval | None:
        return wilson(self.successes, self.visitors)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A challenger beside the control."""

    challenger: Counted
    control: Counted
    interval: Interval | None
    """Of the difference of both shares; narrower confidence where there are several challengers."""
    finding: Finding


@dataclass(frozen=True, slots=True)
class Results:
    experiment: Experiment
    state: State
    all: list[Counted]
    """Everybody so far, also those who may still click."""
    judged: list[Counted]
    """The visitors by whom it is decided, or those whose windows are over while it is not."""
    decided_by: datetime | None
    """The end of the last hour whose visitors decide it; None while it is not decided."""
    comparisons: list[Comparison]
    evenness: float | None
    """How likely arms as uneven as these are by chance; None while too few have come."""

    @property
    def is_decided(self) -> bool:
        return self.decided_by is not None

    @property
    def is_uneven(self) -> bool:
        return self.evenness is not None and self.evenness < UNEVEN_BELOW


def state_of(experiment: Experiment, now: datetime | None = None) -> State:
    now = now or timezone.now()
    if experiment.starts_at is None:
        return State.DRAFT
    if experiment.stops_at is not None and experiment.stops_at <= now:
        return State.STOPPED
    return State.WAITING if experiment.starts_at > now else State.RUNNING


Hours = dict[datetime, dict[int, ExposureHour]]
"""By hour and arm, in the order of the hours."""


def results_of(experiment: Experiment) -> Results:
    """What its counts say now."""
    arms = list(experiment.arms.order_by("pk"))
    newest = FoldedMinute.objects.aggregate(at=Max("minute"))["at"]
    return judge(experiment, arms, _hours(arms), newest or timezone.now())


def judge(
    experiment: Experiment, arms: list[ExperimentArm], hours: Hours, counted_until: datetime
) -> Results:
    """What the counts say once the log has been counted up to that moment. What comes after a stop is not known."""
    known_until = min(counted_until, experiment.stops_at) if experiment.stops_at else counted_until
    over = known_until - experiment.window - HOUR
    finished = [hour for hour in hours if hour <= over]
    last = _deciding_hour(experiment, arms, {hour: hours[hour] for hour in finished})
    judged = [hour for hour in finished if last is None or hour <= last]
    counted = _sums(experiment, arms, [hours[hour] for hour in judged])
    everybody = _sums(experiment, arms, list(hours.values()))
    return Results(
        experiment=experiment,
        state=state_of(experiment),
        all=everybody,
        judged=counted,
        decided_by=None if last is None else last + HOUR,
        comparisons=_comparisons(counted, is_decided=last is not None),
        evenness=chance_of_counts([c.visitors for c in everybody], [arm.share for arm in arms]),
    )


def _hours(arms: list[ExperimentArm]) -> Hours:
    hours: Hours = defaultdict(dict)
    for counted in ExposureHour.objects.filter(arm_id__in=[arm.pk for arm in arms]).order_by("hour"):
        hours[counted.hour][counted.arm_id] = counted
    return dict(hours)


def _deciding_hour(experiment: Experiment, arms: list[ExperimentArm], finished: Hours) -> datetime | None:
    if experiment.visitors_needed is None:
        return None
    came = dict.fromkeys((arm.pk for arm in arms), 0)
    for hour, counted in finished.items():
        for arm, visitors in ((arm, each.visitors) for arm, each in counted.items()):
            came[arm] += visitors
        if min(came.values()) >= experiment.visitors_needed:
            return hour
    return None


def _sums(
    experiment: Experiment, arms: list[ExperimentArm], hours: list[dict[int, ExposureHour]]
) -> list[Counted]:
    column = "clicked" if experiment.metric == Experiment.Metric.CLICK else "converted"
    return [
        Counted(
            arm,
            sum(hour[arm.pk].visitors for hour in hours if arm.pk in hour),
            sum(getattr(hour[arm.pk], column) for hour in hours if arm.pk in hour),
        )
        for arm in arms
    ]


def _comparisons(counted: list[Counted], *, is_decided: bool) -> list[Comparison]:
    control = next((each for each in counted if each.arm.control), None)
    challengers = [each for each in counted if not each.arm.control]
    if control is None:
        return []
    confidence = confidence_of_each(len(challengers))
    return [_compare(each, control, confidence, is_decided=is_decided) for each in challengers]


def _compare(challenger: Counted, control: Counted, confidence: float, *, is_decided: bool) -> Comparison:
    interval = difference(
        challenger.successes, challenger.visitors, control.successes, control.visitors, confidence
    )
    if not is_decided or interval is None:
        finding = Finding.UNDECIDED
    elif interval.low > 0:
        finding = Finding.BETTER
    else:
        finding = Finding.WORSE if interval.high < 0 else Finding.NONE
    return Comparison(challenger, control, interval, finding)
