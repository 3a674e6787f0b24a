"""The drills: what each does and found so far, one while it runs, and the pages that start and end one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.urls import reverse
from django.utils.html import format_html

from recommendations.admin.cells import UNKNOWN, Cell, Table, Tile, badge, link, moment, number
from recommendations.admin.pages import AdminPage
from services.home import Home
from streaming.admin.changing import ChangePage, Done
from streaming.admin.charts import OPTIONS, Chart
from streaming.admin.unknown import UnknownError
from streaming.changes import Plan, RefusedError
from streaming.drills.catalogue import DRILLS
from streaming.drills.drill import Drill
from streaming.drills.models import DrillRun
from streaming.drills.run import RATE
from streaming.drills.starting import BusyDrillError, interrupt, running_pid, start

TONES: Final = {
    DrillRun.State.RUNNING: "info",
    DrillRun.State.PASSED: "success",
    DrillRun.State.FAILED: "danger",
    DrillRun.State.INTERRUPTED: "warning",
    DrillRun.State.REFUSED: "default",
}
COMPARED: Final = 6
"""Runs that stand side by side."""
CHARTS: Final = (
    (
        "events",
        "Events per second",
        "Acknowledged: answered 200 within the second. Failed: answered otherwise, or not at all, and sent again.",
        {"acknowledged": "acknowledged", "failed": "failed"},
    ),
    (
        "slowest",
        "Slowest answer, ms",
        "The slowest answer of the collector that came within the second.",
        {"slowest": "ms"},
    ),
    (
        "lag",
        "Events waiting for Spark",
        "Ends of “activity” less the positions of the ledger.",
        {"lag": "events"},
    ),
    (
        "lists",
        "Lists per second",
        "Lists newer than before that the open pages were sent.",
        {"lists": "lists"},
    ),
)
EXTRA: Final = {
    "moved": "Moved, MB",
    "throughput": "Throughput, MB/s",
}


def drill_named(name: str) -> Drill:
    drill = DRILLS.get(name)
    if drill is None:
        raise UnknownError(f"There is no drill {name}.", reverse("cluster:drills"))
    return drill


def state_of(run: DrillRun) -> Cell:
    return badge(run.get_state_display(), TONES[DrillRun.State(run.state)])


def run_link(run: DrillRun) -> Cell:
    return link(reverse("cluster:drill_run", args=[run.pk]), f"Run {run.pk}")


class DrillsPage(AdminPage):
    title = "Drills"
    permission_required = "streaming.view_drillrun"
    template_name = "streaming/admin/drills.html"
    refresh = 5

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        headers = ("Drill", "What it does", "Last run", "When", "Found")
        return super().get_context_data(
            **kwargs,
            table=Table(headers=headers, rows=[self._row(drill) for drill in DRILLS.values()]),
        )

    def _row(self, drill: Drill) -> Sequence[Cell]:
        name = link(reverse("cluster:drill", args=[drill.name]), drill.title)
        last = DrillRun.objects.filter(drill=drill.name).order_by("-id").first()
        if last is None:
            return (name, drill.does, "never", UNKNOWN, "")
        checks = last.report.get("checks", [])
        kept = sum(check["passed"] for check in checks)
        found = f"{kept} of {len(checks)} kept" if checks else last.reason
        return (name, drill.does, link_with_state(last), moment(last.started_at), found)


def link_with_state(run: DrillRun) -> Cell:
    return format_html("{} {}", run_link(run), state_of(run))


class DrillPage(AdminPage):
    """One drill with its newest runs side by side."""

    permission_required = "streaming.view_drillrun"
    template_name = "streaming/admin/drill.html"
    refresh = 5

    def get_title(self) -> str:
        return drill_named(self.kwargs["name"]).title

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        drill = drill_named(self.kwargs["name"])
        runs = list(DrillRun.objects.filter(drill=drill.name).order_by("-id")[:COMPARED])
        return super().get_context_data(
            **kwargs,
            drill=drill,
            may_start=self.request.user.has_perm("streaming.run_drill"),
            table=compared(runs),
        )


def compared(runs: Sequence[DrillRun]) -> Table:
    """A column for each run; a row for each number and check that one of them has."""
    labels: dict[str, str] = {}
    cells: dict[str, dict[int, Cell]] = {}
    for run in runs:
        for each in run.report.get("numbers", []):
            labels.setdefault(each["name"], each["label"])
            cells.setdefault(each["name"], {})[run.pk] = measured(each)
        for each in run.report.get("checks", []):
            key = f"check {each['name']}"
            labels.setdefault(key, each["goal"])
            cells.setdefault(key, {})[run.pk] = verdict(each)
    rows: list[Sequence[Cell]] = [("State", *(state_of(run) for run in runs))] if runs else []
    rows += [(label, *(cells[name].get(run.pk, UNKNOWN) for run in runs)) for name, label in labels.items()]
    return Table(headers=("", *(f"Run {run.pk}, {run.started_at:%m-%d %H:%M}" for run in runs)), rows=rows)


def measured(each: dict[str, Any]) -> str:
    return f"{number(each['value'], 0 if each['value'] == int(each['value']) else 1)} {each['unit']}".strip()


def verdict(check: dict[str, Any]) -> Cell:
    return badge("kept" if check["passed"] else "not kept", "success" if check["passed"] else "danger")


class DrillRunPage(AdminPage):
    """One run: live while it goes on, its report afterwards."""

    permission_required = "streaming.view_drillrun"
    template_name = "streaming/admin/drill_run.html"

    def get_title(self) -> str:
        run = self.found()
        return f"{drill_named(run.drill).title}: run {run.pk}"

    def found(self) -> DrillRun:
        run = DrillRun.objects.filter(pk=self.kwargs["run"]).first()
        if run is None:
            raise UnknownError(f"There is no run {self.kwargs['run']}.", reverse("cluster:drills"))
        return run

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        run = self.found()
        running = run.state == DrillRun.State.RUNNING
        report = run.report
        return super().get_context_data(
            **kwargs,
            record=run,
            drill=drill_named(run.drill),
            state=state_of(run),
            refresh=2 if running else 0,
            may_stop=running and self.request.user.has_perm("streaming.run_drill"),
            tiles=tiles(report),
            checks=Table(
                headers=("Held to", "Found", ""),
                rows=[(each["goal"], each["found"], verdict(each)) for each in report.get("checks", [])],
            ),
            timeline=Table(
                headers=("After", "What"),
                rows=[(f"{each['at']:.1f}\u00a0s", each["what"]) for each in report.get("timeline", [])],
            ),
            numbers=Table(
                headers=("Measured", ""),
                rows=[(each["label"], measured(each)) for each in report.get("numbers", [])],
            ),
            charts=charts(run),
            chart_options=OPTIONS,
        )


def tiles(report: dict[str, Any]) -> list[Tile]:
    """What matters most, as soon as it is known."""
    checks = {each["name"]: each for each in report.get("checks", [])}
    numbers = {each["name"]: each for each in report.get("numbers", [])}
    found = []
    for name, title in (
        ("lost", "Events lost"),
        ("twice", "Counted twice"),
        ("requests", "Requests that failed"),
    ):
        if name in checks:
            tone = "good" if checks[name]["passed"] else "bad"
            found.append(Tile(title, checks[name]["found"].partition(" of ")[0], checks[name]["found"], tone))
    for name, title in (("election", "Election"), ("in_sync", "Back in sync"), ("back", "Back")):
        if name in numbers and len(found) < 4:
            found.append(Tile(title, measured(numbers[name]), numbers[name]["label"]))
    return found


def charts(run: DrillRun) -> list[Chart]:
    series = run.report.get("series", {})
    times = [run.started_at + timedelta(seconds=at) for at in series.get("at", [])]
    shown = [
        *CHARTS,
        *((name, title, title, {name: title}) for name, title in EXTRA.items() if name in series),
    ]
    return [
        Chart(
            f"drill-{name}",
            title,
            definition,
            {label: line(times, series.get(column, [])) for column, label in columns.items()},
        )
        for name, title, definition, columns in shown
    ]


def line(times: Sequence[datetime], values: Sequence[float | None]) -> dict[datetime, float]:
    return {at: value for at, value in zip(times, values, strict=False) if value is not None}


class StartDrillPage(ChangePage):
    action = "Run a drill"
    verb = "Run it"
    permission_required = "streaming.run_drill"

    @property
    def drill(self) -> Drill:
        return drill_named(self.kwargs["name"])

    def get_title(self) -> str:
        return f"Run the drill “{self.drill.title}”"

    def subject(self, form: forms.Form) -> str:
        return self.drill.name

    def plan(self, form: forms.Form) -> Plan:
        if running_pid(Home.from_environment()):
            raise RefusedError("Another drill runs: wait until it has ended.")
        return Plan(
            {"drill": None},
            {"drill": self.drill.name},
            consequence=self.drill.does,
            warning="The shop's visitors may notice: it is away until the part is back."
            if self.drill.takes_shop_down
            else "",
            details={"Load beside the shop's own": f"{RATE} events per second"}
            if self.drill.under_load
            else {},
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        try:
            run = start(self.drill, self.request.user)
        except BusyDrillError as error:
            raise RefusedError(str(error)) from error
        return Done(
            "The drill runs: this page shows what happens.",
            address=reverse("cluster:drill_run", args=[run.pk]),
        )

    def back(self) -> str:
        return reverse("cluster:drill", args=[self.drill.name])


class StopDrillPage(ChangePage):
    action = "Interrupt a drill"
    verb = "Interrupt it"
    permission_required = "streaming.run_drill"

    def subject(self, form: forms.Form) -> str:
        return f"run {self.kwargs['run']}"

    def plan(self, form: forms.Form) -> Plan:
        run = DrillRun.objects.filter(pk=self.kwargs["run"]).first()
        if run is None or run.state != DrillRun.State.RUNNING:
            raise RefusedError("It does not run any more.")
        return Plan(
            {"state": run.state},
            {"state": DrillRun.State.INTERRUPTED},
            consequence="What it has struck is put back, and it ends.",
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        if not interrupt():
            raise RefusedError("No drill runs on this machine.")
        return Done("The drill was told to end; it puts everything back first.")

    def back(self) -> str:
        return reverse("cluster:drill_run", args=[self.kwargs["run"]])
