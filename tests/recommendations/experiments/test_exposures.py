"""Who of an experiment saw its list, clicked and ordered: as the fold counts it, against the definition in Python."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from recommendations.experiments.assignment import bucket_of
from recommendations.experiments.models import Experiment, ExperimentArm, Exposure, ExposureHour
from tests.conftest import Connection
from tests.recommendations.experimenting import committed
from tests.recommendations.folding import START, erased, fold
from tests.recommendations.reference import Done
from tests.recommendations.test_in_use import BOUGHT, CLICKED, DAY, SEEN, event, in_batches, shopping


@pytest.fixture
def experiment(model: Connection) -> Experiment:
    """About the list "home", half of the visitors in each of two arms; seen by the fold's own connection."""
    return committed(model)


def found(what: str) -> int:
    return sum(getattr(hour, what) for hour in ExposureHour.objects.all())


def counts() -> tuple[int, int, int]:
    return found("visitors"), found("clicked"), found("converted")


def test_a_visitor_counts_once_however_much_they_see_and_click(
    model: Connection, experiment: Experiment
) -> None:
    events = [event(SEEN, n, "a@1 b@2") for n in (1, 2, 3)] + [event(CLICKED, n, "a@1") for n in (4, 5)]
    fold(model, events)
    fold(model, [event(SEEN, 6, "a@1"), event(CLICKED, 7, "b@2"), event(BOUGHT, 8, "a b", None)])
    assert counts() == (1, 1, 1)
    (seen,) = Exposure.objects.all()
    arm = ExperimentArm.objects.get(pk=seen.arm_id)
    assert (arm.name == "a") == (bucket_of(experiment.salt, "v") < 5000)


def test_whoever_saw_another_list_has_seen_nothing_of_it(model: Connection, experiment: Experiment) -> None:
    fold(model, [event(SEEN, 1, "a@1", "search"), event(CLICKED, 2, "a@1"), event("page", 3, "")])
    assert counts() == (0, 0, 0)


def test_a_click_before_the_list_was_seen_and_one_elsewhere_do_not_count(
    model: Connection, experiment: Experiment
) -> None:
    fold(model, [event(CLICKED, 1, "a@1"), event(SEEN, 2, "a@1"), event(CLICKED, 3, "b@1", "search")])
    fold(model, [event(BOUGHT, 4, "a b", None)])
    assert counts() == (1, 0, 0)


@pytest.mark.parametrize(("second", "clicked"), [(DAY.total_seconds(), 1), (DAY.total_seconds() + 1, 0)])
def test_what_comes_after_the_window_does_not_count(
    model: Connection, experiment: Experiment, second: float, clicked: int
) -> None:
    fold(model, [event(SEEN, 1, "a@1"), event(CLICKED, second, "a@1")])
    assert counts() == (1, clicked, 0)


def test_nothing_counts_before_the_start_and_from_the_stop_on(model: Connection) -> None:
    committed(model, starts_at=START + timedelta(seconds=10), stops_at=START + timedelta(seconds=20))
    fold(
        model,
        [event(SEEN, 9, "a@1"), event(SEEN, 20, "a@1", visitor="w"), event(SEEN, 19, "a@1", visitor="x")],
    )
    fold(model, [event(CLICKED, 21, "a@1", visitor="x")])
    assert counts() == (1, 0, 0)


def test_bots_are_in_no_experiment(model: Connection, experiment: Experiment) -> None:
    fold(model, [event(SEEN, 1, "a@1", left_out=True)])
    assert counts() == (0, 0, 0)


@pytest.mark.parametrize("together", [True, False])
def test_an_erased_visitor_is_forgotten_and_stays_in_the_sums(
    model: Connection, experiment: Experiment, together: bool
) -> None:
    events = [event(SEEN, 1, "a@1"), event(CLICKED, 2, "a@1"), erased("v", 30)]
    events.append(event(CLICKED, 4, "a@1", offset=40, at=START + timedelta(seconds=40)))
    for batch in [events] if together else [[each] for each in events]:
        fold(model, batch)
    assert counts() == (1, 1, 0)
    assert not Exposure.objects.exists()


# -- Held to the definition ------------------------------------------------------------------------------------
@dataclass
class Trial:
    """The definition in plain Python, one event after the other, for one experiment."""

    experiment: Experiment
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    clicks: dict[tuple[str, str], Done] = field(default_factory=dict)
    first: dict[tuple[str, str], datetime] = field(default_factory=dict)
    sums: Counter[tuple[str, datetime, str]] = field(default_factory=Counter)

    def fold(self, events: list[Done]) -> None:
        for each in events:
            if each.erases:
                self.seen.pop(each.visitor, None)
                self.clicks = {key: click for key, click in self.clicks.items() if key[0] != each.visitor}
                continue
            key = (each.visitor, each.event_id)
            if key in self.first and each.at < self.first[key] + DAY:
                continue
            self.first[key] = each.at
            if each.left_out:
                continue
            if each.event == SEEN and each.list_id == "home" and each.visitor not in self.seen:
                self._begin(each)
            for product in each.products:
                if each.event == CLICKED and each.list_id:
                    self.clicks[(each.visitor, product)] = each
                    self._note(each, each, "clicked")
                if each.event == BOUGHT:
                    click = self.clicks.get((each.visitor, product))
                    if click and each.at < click.at + DAY:
                        self._note(click, each, "converted")
                        del self.clicks[(each.visitor, product)]

    def _begin(self, each: Done) -> None:
        if not self.experiment.starts_at or each.at < self.experiment.starts_at:
            return
        if self.experiment.stops_at and each.at >= self.experiment.stops_at:
            return
        bucket = bucket_of(self.experiment.salt, each.visitor)
        arm = "a" if bucket < 4000 else "b" if bucket < 8000 else None
        if arm:
            self.seen[each.visitor] = {"arm": arm, "by": each}
            self.sums[(arm, hour_of(each), "visitors")] += 1

    def _note(self, click: Done, done: Done, what: str) -> None:
        seen = self.seen.get(click.visitor)
        if seen is None or click.list_id != "home" or what in seen or click.offset <= seen["by"].offset:
            return
        if done.at < seen["by"].at + self.experiment.window and (
            self.experiment.stops_at is None or done.at < self.experiment.stops_at
        ):
            seen[what] = True
            self.sums[(seen["arm"], hour_of(seen["by"]), what)] += 1


def hour_of(done: Done) -> datetime:
    return done.at.replace(minute=0, second=0, microsecond=0)


def many(count: int, seed: int) -> list[Done]:
    """The shopping of many visitors, each for a short while."""
    return [
        replace(each, visitor=f"{each.visitor}-{number // 120}")
        for number, each in enumerate(shopping(count, seed, minutes=(0, 1, 8)))
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_are_those_of_the_definition_in_any_batches(model: Connection, seed: int) -> None:
    events = many(2400, seed)
    experiment = committed(
        model, shares=(40, 40), window=timedelta(hours=6), starts_at=events[100].at, stops_at=events[2100].at
    )
    expected = Trial(experiment)
    expected.fold(events)
    in_batches(model, events, seed)

    names = dict(ExperimentArm.objects.values_list("id", "name"))
    sums = {
        (names[hour.arm_id], hour.hour, what): getattr(hour, what)
        for hour in ExposureHour.objects.all()
        for what in ("visitors", "clicked", "converted")
    }
    assert {key: count for key, count in sums.items() if count} == dict(expected.sums)
    assert min(found("visitors"), found("clicked"), found("converted")) > 5
    assert {e.visitor_id: names[e.arm_id] for e in Exposure.objects.all()} == {
        visitor: seen["arm"] for visitor, seen in expected.seen.items()
    }


def test_visitors_are_known_until_a_day_after_the_stop(model: Connection) -> None:
    committed(model, stops_at=START + timedelta(hours=1))
    fold(model, [event(SEEN, 1, "a@1")])

    def clean_up(hours: int) -> int:
        watermark = START + timedelta(hours=hours, seconds=1)
        model.execute("SELECT recommendations_clean_up(jsonb_build_object('0', %s::text))", (str(watermark),))
        return Exposure.objects.count()

    assert clean_up(24) == 1
    assert clean_up(25) == 0
    assert counts() == (1, 0, 0), "the sums stay"
