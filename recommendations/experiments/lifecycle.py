"""An experiment's two steps: it starts, and it stops. Both some seconds ahead, so that every process knows by then."""

from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from recommendations.experiments.models import RECOMMENDED, Experiment
from recommendations.experiments.results import Results, State, results_of, state_of
from recommendations.experiments.statistics import visitors_needed
from recommendations.models import Model
from recommendations.rules.models import Rule

NOTICE: Final = timedelta(seconds=5)
"""More than the two seconds for which a process remembers what runs."""


class NotReadyError(Exception):
    """The experiment cannot be started as it is; the message says why."""


class NotDecidedError(Exception):
    """The criterion has not been reached: whoever stops now gives up the answer."""


def start(experiment: Experiment) -> None:
    """Fixes the criterion and starts it. Raises NotReadyError."""
    with transaction.atomic():
        locked = Experiment.objects.select_for_update().get(pk=experiment.pk)
        if problems := problems_of(locked):
            raise NotReadyError(" ".join(problems))
        locked.visitors_needed = needed_by(locked)
        locked.starts_at = timezone.now() + NOTICE
        locked.save(update_fields=["visitors_needed", "starts_at"])
    experiment.refresh_from_db()


def stop(experiment: Experiment, *, give_up: bool = False) -> Results:
    """Stops it and writes down what is found. Raises NotDecidedError before the criterion, unless it is given up.

    What is given up stays undecided for good, whatever its counts look like.
    """
    with transaction.atomic():
        locked = Experiment.objects.select_for_update().get(pk=experiment.pk)
        results = results_of(locked)
        if state_of(locked) not in (State.RUNNING, State.WAITING) or locked.stops_at is not None:
            raise NotReadyError("It does not run, or has been told to stop already.")
        if not results.is_decided and not give_up:
            raise NotDecidedError(remaining(results))
        locked.stops_at = timezone.now() + NOTICE
        locked.verdict = verdict_of(results)
        locked.save(update_fields=["stops_at", "verdict"])
    experiment.refresh_from_db()
    return results


def needed_by(experiment: Experiment) -> int:
    """Visitors in each arm by what is set of the experiment."""
    challengers = experiment.arms.filter(control=False).count()
    return visitors_needed(experiment.baseline, experiment.effect, challengers)


def problems_of(experiment: Experiment) -> list[str]:
    """Why it cannot start, each as a sentence; empty where it can."""
    arms = list(experiment.arms.all())
    problems = []
    if experiment.starts_at is not None:
        problems.append("It has been started before: make a new one.")
    if not experiment.list_ids:
        problems.append("It names no list.")
    if others := set(experiment.list_ids) - {RECOMMENDED}:
        problems.append(
            f"No arm changes the list {', '.join(sorted(others))}: only “{RECOMMENDED}” is made by arms."
        )
    if len(arms) < 2 or sum(arm.control for arm in arms) != 1:
        problems.append("It needs two arms or more, and exactly one of them is the control.")
    if sum(arm.share for arm in arms) > 100:
        problems.append("The shares add up to more than 100%.")
    if experiment.baseline * (1 + experiment.effect) >= 1:
        problems.append("Baseline and effect together make more than every visitor.")
    models = {arm.model for arm in arms} - {"", *models_ready()}
    if models:
        problems.append(f"No model {', '.join(sorted(models))} is ready.")
    rules = {arm.rules for arm in arms} - {"", *sets_of_rules()}
    if rules:
        problems.append(f"No rule is in the set {', '.join(sorted(rules))}.")
    return problems


def experiment_with(model: str) -> str:
    """The name of an experiment that serves the model to some of its visitors; empty where there is none."""
    running = Experiment.objects.filter(starts_at__isnull=False, arms__model=model)
    running = running.filter(Q(stops_at=None) | Q(stops_at__gt=Now()))
    return running.order_by("starts_at").values_list("name", flat=True).first() or ""


def models_ready() -> list[str]:
    """The names of the second models that can serve."""
    ready = Model.objects.filter(state=Model.State.READY).exclude(name=Model.LIVE)
    return list(ready.order_by("name").values_list("name", flat=True))


def sets_of_rules() -> list[str]:
    """The names under which rules stand that are not for everybody."""
    named = Rule.objects.exclude(in_set="").order_by("in_set")
    return list(named.values_list("in_set", flat=True).distinct())


def remaining(results: Results) -> str:
    """What the criterion still lacks, as a sentence."""
    needed = results.experiment.visitors_needed or 0
    counts = ", ".join(f"{each.arm.name}: {min(each.visitors, needed):,}" for each in results.judged)
    return f"Its criterion is {needed:,} visitors in each arm whose window is over; there are {counts}."


def verdict_of(results: Results) -> dict[str, Any]:
    """What was known at the stop, kept as it was."""
    return {
        "decided": results.is_decided,
        "decidedBy": results.decided_by.isoformat() if results.decided_by else None,
        "arms": {each.arm.name: [each.successes, each.visitors] for each in results.judged},
        "findings": {each.challenger.arm.name: str(each.finding) for each in results.comparisons},
        "evenness": results.evenness,
    }
