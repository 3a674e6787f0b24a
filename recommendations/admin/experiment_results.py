"""What an experiment's page says of its results, in plain words and in two tables."""

from datetime import timedelta
from math import ceil

from django.utils import timezone

from recommendations.admin.cells import UNKNOWN, Cell, badge, number
from recommendations.admin.rates import Column, Explained, percent, range_of
from recommendations.experiments.lifecycle import needed_by, problems_of, remaining
from recommendations.experiments.models import Experiment
from recommendations.experiments.results import Comparison, Counted, Finding, Results, State
from recommendations.experiments.statistics import UNEVEN_BELOW, confidence_of_each
from recommendations.in_use.models import ListVisitor

TONES = {
    Finding.BETTER: "success",
    Finding.WORSE: "danger",
    Finding.NONE: "info",
    Finding.UNDECIDED: "default",
}
WEEK = timedelta(days=7)


def estimate(experiment: Experiment) -> list[str]:
    """How long it may take, by how many visitors saw its lists in the last week; nothing where none did."""
    if problems_of(experiment):
        return []
    seen = ListVisitor.objects.filter(
        list_id__in=experiment.list_ids, last_seen_at__gte=timezone.now() - WEEK
    )
    visitors = seen.values("visitor_id").distinct().count()
    needed = needed_by(experiment)
    smallest = min(arm.share for arm in experiment.arms.all())
    if not visitors:
        return [f"It needs {needed:,} visitors in each arm. Nobody saw its lists in the last week."]
    weeks = needed / (visitors * smallest / 100)
    return [
        f"It needs {needed:,} visitors in each arm. {visitors:,} visitors saw its lists in the last week: so many anew"
        f" each week would take about {ceil(weeks * 7):,} days, and the window."
    ]


def sentences(results: Results) -> list[tuple[Cell, str]]:
    """What there is to say, each behind a label."""
    return [_decision(results), _evenness(results)]


def explained(results: Results) -> tuple[Explained, Explained]:
    """The arms, and the challengers beside the control."""
    did = "clicked" if results.experiment.metric == Experiment.Metric.CLICK else "ordered"
    arms = Explained(
        (
            Column("Arm", "The control is what the others are compared with."),
            Column("Share", "Of all visitors, by a hash of their id."),
            Column(
                "Visitors", "Different visitors who saw one of its lists while it ran. Bots are left out."
            ),
            Column("Judged", "Of them those by whom it is decided: the first hours', whose window is over."),
            Column(
                did.capitalize(),
                f"Of those judged, who {did} within the window after they first saw the list.",
            ),
            Column(
                "Rate",
                "Of those judged, with the interval in which the true rate lies 19 times in 20 (Wilson).",
            ),
        ),
        [_arm(everybody, judged) for everybody, judged in zip(results.all, results.judged, strict=True)],
    )
    sure = confidence_of_each(len(results.comparisons))
    comparisons = Explained(
        (
            Column("Challenger", "Beside the control."),
            Column("Difference", "Its rate less the control's, in percentage points."),
            Column(
                "Interval",
                f"In which the true difference lies in {sure:.1%} of experiments (Newcombe). Told once it is decided:"
                " before that it moves to and fro, and would only tempt.",
            ),
            Column("Found", "Better or worse where the interval leaves out 0."),
        ),
        [_comparison(each, is_decided=results.is_decided) for each in results.comparisons],
    )
    return arms, comparisons


def _decision(results: Results) -> tuple[Cell, str]:
    verdict = results.experiment.verdict
    if verdict is not None and not verdict["decided"]:
        return badge(
            "not decided", "warning"
        ), "It was given up before its criterion was reached, and stays so."
    if not results.is_decided:
        return badge("not decided"), remaining(results)
    advice = " It can be stopped." if results.state is not State.STOPPED else ""
    by = f"By the visitors who came before {results.decided_by:%Y-%m-%d %H:%M} UTC.{advice}"
    return badge("decided", "success"), by


def _evenness(results: Results) -> tuple[Cell, str]:
    if results.evenness is None:
        return badge("arms"), "Whether they came out even cannot be told yet: too few visitors."
    if results.is_uneven:
        return (
            badge("uneven arms", "danger"),
            f"The arms came out uneven: less than once in {1 / UNEVEN_BELOW:,.0f} times by chance"
            f" (p = {results.evenness:.1g}). Trust nothing below: some arm loses visitors before they are counted.",
        )
    return badge(
        "even arms", "success"
    ), f"The arms came out as their shares ask (p = {results.evenness:.2f})."


def _arm(everybody: Counted, judged: Counted) -> tuple[Cell, ...]:
    name = f"{everybody.arm.name} (control)" if everybody.arm.control else everybody.arm.name
    return (
        name,
        f"{everybody.arm.share}%",
        number(everybody.visitors),
        number(judged.visitors),
        number(judged.successes),
        f"{percent(judged.share)} ({range_of(judged.interval)})" if judged.visitors else UNKNOWN,
    )


def _comparison(each: Comparison, *, is_decided: bool) -> tuple[Cell, ...]:
    one, other = each.challenger.share, each.control.share
    known = is_decided and one is not None and other is not None and each.interval is not None
    return (
        each.challenger.arm.name,
        f"{100 * (one - other):+.2f}" if known and one is not None and other is not None else UNKNOWN,
        f"{100 * each.interval.low:+.2f} to {100 * each.interval.high:+.2f}"
        if known and each.interval
        else UNKNOWN,
        badge(each.finding, TONES[each.finding]),
    )
