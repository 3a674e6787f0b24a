"""Simulated experiments: what is judged by the criterion errs no oftener than promised, however often one looks."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pytest

from recommendations.experiments.models import Experiment, ExperimentArm, ExposureHour
from recommendations.experiments.results import HOUR, Finding, Hours, Results, judge
from recommendations.experiments.statistics import UNEVEN_BELOW, difference, visitors_needed
from tests.recommendations.folding import START

BASELINE, EFFECT = 0.2, 0.6
RUNS = 500
WINDOW = timedelta(hours=3)


@dataclass
class Simulation:
    """An experiment of two arms, 60 to 140 visitors an hour in all, until long after it is decided."""

    experiment: Experiment
    arms: list[ExperimentArm]
    hours: Hours

    def look(self, hours: int) -> Results:
        """What its page says so many hours after the start."""
        known = {hour: counted for hour, counted in self.hours.items() if hour < START + hours * HOUR}
        return judge(self.experiment, self.arms, known, START + hours * HOUR)


def simulate(
    chance: random.Random, share: float, other_share: float, arms: int = 2, lost: float = 0
) -> Simulation:
    needed = visitors_needed(BASELINE, EFFECT, arms - 1)
    experiment = Experiment(pk=1, window=WINDOW, visitors_needed=needed, starts_at=START, metric="click")
    made = [
        ExperimentArm(pk=number, name="abcd"[number], control=number == 0, share=100 // arms)
        for number in range(arms)
    ]
    hours: Hours = {}
    for number in range(24):
        came = Counter(chance.randrange(arms) for _ in range(chance.randint(60, 140)))
        came[1] -= sum(chance.random() < lost for _ in range(came[1]))
        hours[START + number * HOUR] = {
            arm.pk: ExposureHour(
                arm_id=arm.pk,
                hour=START + number * HOUR,
                visitors=came[arm.pk],
                clicked=sum(
                    chance.random() < (share if arm.control else other_share) for _ in range(came[arm.pk])
                ),
                converted=0,
            )
            for arm in made
        }
    return Simulation(experiment, made, hours)


def findings(simulation: Simulation) -> list[list[Finding]]:
    """At each look, an hour apart."""
    return [[each.finding for each in simulation.look(hours).comparisons] for hours in range(1, 30)]


def finds_something(found: list[Finding]) -> bool:
    return Finding.BETTER in found or Finding.WORSE in found


def would_stop_when_it_looks_good(simulation: Simulation) -> bool:
    """What somebody finds who tests at each look and stops at the first that is significant."""
    for hours in range(2, 30):
        control, other = simulation.look(hours).all
        interval = difference(other.successes, other.visitors, control.successes, control.visitors)
        if interval is not None and (interval.low > 0 or interval.high < 0):
            return True
    return False


@pytest.mark.parametrize("arms", [2, 3])
def test_arms_that_are_the_same_are_told_apart_no_oftener_than_promised(arms: int) -> None:
    chance = random.Random(arms)
    wrong = peeked = 0
    for _ in range(RUNS):
        simulation = simulate(chance, BASELINE, BASELINE, arms)
        looks = findings(simulation)
        assert looks[-1][0] is not Finding.UNDECIDED
        wrong += any(finds_something(look) for look in looks)
        if arms == 2:
            peeked += would_stop_when_it_looks_good(simulation)
    # 5% promised; three standard errors of 500 runs are 3 points.
    assert 0 < wrong / RUNS < 0.08
    if arms == 2:
        assert peeked / RUNS > 0.12, "looking often would have erred oftener: the simulation can tell"


def test_an_effect_of_the_size_asked_for_is_found_four_times_in_five() -> None:
    chance = random.Random(5)
    found = [findings(simulate(chance, BASELINE, BASELINE * (1 + EFFECT)))[-1] for _ in range(RUNS)]
    assert sum(look == [Finding.BETTER] for look in found) / RUNS > 0.75
    worse = [findings(simulate(chance, BASELINE * (1 + EFFECT), BASELINE))[-1] for _ in range(50)]
    assert worse.count([Finding.WORSE]) > 30


def test_before_the_criterion_it_is_not_decided_and_after_it_nothing_changes() -> None:
    chance = random.Random(6)
    for _ in range(50):
        simulation = simulate(chance, 0.1, 0.4)
        looks = [simulation.look(hours) for hours in range(1, 30)]
        decided = [look for look in looks if look.is_decided]
        before = looks[: len(looks) - len(decided)]
        assert looks == before + decided, "once decided, decided for good"
        assert decided
        assert all(look.comparisons[0].finding is Finding.UNDECIDED for look in before)
        assert len({(look.decided_by, look.comparisons[0].interval) for look in decided}) == 1
        needed = simulation.experiment.visitors_needed or 0
        assert min(each.visitors for each in decided[0].judged) >= needed
        assert decided[0].decided_by is not None
        last = decided[0].decided_by - HOUR
        earlier = judge(
            simulation.experiment,
            simulation.arms,
            {hour: each for hour, each in simulation.hours.items() if hour < last},
            START + timedelta(days=9),
        )
        assert not earlier.is_decided, "an hour less would not have been enough"


def test_visitors_whose_window_is_not_over_decide_nothing() -> None:
    simulation = simulate(random.Random(7), 0.1, 0.4)
    decided_by = simulation.look(29).decided_by
    assert decided_by is not None
    hours = int((decided_by + WINDOW - START) / HOUR)
    assert simulation.look(hours).is_decided
    assert not simulation.look(hours - 1).is_decided


def test_a_stop_before_the_windows_are_over_leaves_it_undecided() -> None:
    simulation = simulate(random.Random(8), 0.1, 0.4)
    decided_by = simulation.look(29).decided_by
    assert decided_by is not None
    simulation.experiment.stops_at = decided_by + WINDOW - timedelta(seconds=1)
    assert not simulation.look(29).is_decided
    simulation.experiment.stops_at = decided_by + WINDOW
    assert simulation.look(29).is_decided


def test_uneven_arms_raise_the_alarm_and_even_ones_do_not() -> None:
    chance = random.Random(9)
    even = [simulate(chance, 0.1, 0.1).look(29) for _ in range(RUNS)]
    assert sum(look.is_uneven for look in even) <= 3, f"one in {1 / UNEVEN_BELOW:.0f} by chance"
    losing = [simulate(chance, 0.1, 0.1, lost=0.3).look(29) for _ in range(50)]
    assert all(look.is_uneven for look in losing)
