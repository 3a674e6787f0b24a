"""Experiments: set up, started, looked at and stopped. What was started stays as it was set."""

from typing import Any, Final

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from recommendations.admin.cells import Cell, moment, number, span
from recommendations.admin.experiment_results import estimate, explained, sentences
from recommendations.experiments.lifecycle import (
    NotDecidedError,
    NotReadyError,
    models_ready,
    needed_by,
    problems_of,
    remaining,
    sets_of_rules,
    start,
    stop,
    verdict_of,
)
from recommendations.experiments.models import Experiment, ExperimentArm
from recommendations.experiments.results import State, results_of, state_of

TONES: Final = {
    State.DRAFT: "default",
    State.WAITING: "info",
    State.RUNNING: "info",
    State.STOPPED: "default",
}
NAMES: Final = {"model": ("the live one", models_ready), "rules": ("the usual ones", sets_of_rules)}
"""Of an arm: what an empty name stands for, and the names to choose from."""
SETTINGS: Final = ("name", "hypothesis", "list_ids", "metric", "baseline", "effect", "window")


class ArmInline(TabularInline):  # type: ignore[misc]
    model = ExperimentArm
    fields = ("name", "control", "share", "model", "rules", "parameters")
    extra = 0
    min_num = 2

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in NAMES:
            usual, names = NAMES[db_field.name]
            choices = [("", usual), *((name, name) for name in names())]
            kwargs["widget"] = UnfoldAdminSelectWidget(choices=choices)
        return _lower(super().formfield_for_dbfield(db_field, request, **kwargs))

    def has_add_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return _is_draft(obj) and bool(super().has_add_permission(request, obj))

    def has_change_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return _is_draft(obj) and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return _is_draft(obj) and bool(super().has_delete_permission(request, obj))


@admin.register(Experiment)
class ExperimentAdmin(ModelAdmin):  # type: ignore[misc]
    fields = SETTINGS
    inlines = (ArmInline,)
    list_display = ("name", "state_word", "metric_word", "needed", "starts", "stops", "found")
    ordering = ("-starts_at", "-id")
    search_fields = ("name", "hypothesis")
    actions = None
    actions_detail = ("begin", "finish")
    list_before_template = "recommendations/admin/explanation.html"
    change_form_before_template = "recommendations/admin/experiment.html"
    explanation = (
        "Two or more ways to make a list, each for its share of the visitors by a hash of their id. Each is decided by"
        " the number of visitors that was fixed before it started, and by nothing else."
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return _lower(super().formfield_for_dbfield(db_field, request, **kwargs))

    def has_change_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        """What has been started stays as it was set; starting and stopping have a permission of their own here."""
        return _is_draft(obj) and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        """What has been started stays, with its verdict."""
        return _is_draft(obj) and bool(super().has_delete_permission(request, obj))

    def has_begin_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_change(request, object_id, State.DRAFT)

    def has_finish_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_change(request, object_id, State.RUNNING, State.WAITING)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        experiment = self.get_object(request, object_id)
        extra = {} if experiment is None else self._shown(experiment)
        response: HttpResponse = super().change_view(
            request, object_id, form_url, {**extra, **(extra_context or {})}
        )
        return response

    @action(description="Start…", permissions=["begin"], url_path="start", icon="play_arrow")  # type: ignore[untyped-decorator]
    def begin(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Says what it will take; starts it when that is confirmed."""
        experiment: Experiment = self.get_object(request, object_id)
        if request.method == "POST":
            try:
                start(experiment)
            except NotReadyError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                needed = experiment.visitors_needed
                self.log_change(request, experiment, f"Started; decided by {needed} visitors in each arm.")
                self.message_user(request, "Started: it takes effect within seconds.", messages.SUCCESS)
            return _back_to(experiment)
        problems = problems_of(experiment)
        told = (
            []
            if problems
            else [f"It is decided by {needed_by(experiment):,} visitors in each arm.", *estimate(experiment)]
        )
        return self._confirm(request, experiment, "Start", problems, told)

    @action(description="Stop…", permissions=["finish"], url_path="stop", icon="stop")  # type: ignore[untyped-decorator]
    def finish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Stops it; before its criterion only for whoever gives the answer up."""
        experiment: Experiment = self.get_object(request, object_id)
        if request.method == "POST":
            given_up = request.POST.get("give_up") == "yes"
            try:
                results = stop(experiment, give_up=given_up)
            except (NotDecidedError, NotReadyError) as error:
                self.message_user(request, f"Not stopped. {error}", messages.ERROR)
            else:
                word = "decided" if results.is_decided else "given up before its criterion, not decided"
                self.log_change(request, experiment, f"Stopped: {word}.")
                self.message_user(request, f"Stopped: {word}.", messages.SUCCESS)
            return _back_to(experiment)
        results = results_of(experiment)
        told = (
            ["Its criterion is reached: what is found stays as it is."]
            if results.is_decided
            else [remaining(results)]
        )
        return self._confirm(request, experiment, "Stop", [], told, give_up=not results.is_decided)

    @display(description="State", label=TONES)  # type: ignore[untyped-decorator]
    def state_word(self, experiment: Experiment) -> State:
        return state_of(experiment)

    @admin.display(description="Metric", ordering="metric")
    def metric_word(self, experiment: Experiment) -> str:
        return experiment.get_metric_display().partition(":")[0]

    @admin.display(description="Visitors needed in each arm")
    def needed(self, experiment: Experiment) -> str:
        return number(experiment.visitors_needed)

    @admin.display(description="Started", ordering="starts_at")
    def starts(self, experiment: Experiment) -> Cell:
        return moment(experiment.starts_at)

    @admin.display(description="Stopped", ordering="stops_at")
    def stops(self, experiment: Experiment) -> Cell:
        return moment(experiment.stops_at)

    @admin.display(description="Found")
    def found(self, experiment: Experiment) -> str:
        """By the verdict that was kept; one that was given up stays undecided."""
        if experiment.starts_at is None:
            return ""
        verdict = experiment.verdict or verdict_of(results_of(experiment))
        return ", ".join(f"{arm}: {found}" for arm, found in verdict["findings"].items())

    def _shown(self, experiment: Experiment) -> dict[str, Any]:
        state = state_of(experiment)
        if state is State.DRAFT:
            return {"problems": problems_of(experiment), "told": estimate(experiment)}
        results = results_of(experiment)
        return {
            "results": results,
            "said": sentences(results),
            "tables": explained(results),
            "window": span(experiment.window),
        }

    def _may_change(self, request: HttpRequest, object_id: Any, *states: State) -> bool:
        if not request.user.has_perm("recommendations.change_experiment"):
            return False
        experiment = Experiment.objects.filter(pk=object_id).first() if object_id else None
        return experiment is not None and experiment.stops_at is None and state_of(experiment) in states

    def _confirm(
        self,
        request: HttpRequest,
        experiment: Experiment,
        word: str,
        problems: list[str],
        told: list[str],
        *,
        give_up: bool = False,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"{word} “{experiment.name}”?",
            "word": word,
            "problems": problems,
            "told": told,
            "give_up": give_up,
            "back": reverse("admin:recommendations_experiment_change", args=[experiment.pk]),
        }
        return TemplateResponse(request, "recommendations/admin/experiment_confirm.html", context)


def _lower(field: Any) -> Any:
    """A text area of two lines, where it is one."""
    if field is not None and "rows" in field.widget.attrs:
        field.widget.attrs["rows"] = 2
    return field


def _is_draft(experiment: Experiment | None) -> bool:
    return experiment is None or experiment.starts_at is None


def _back_to(experiment: Experiment) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:recommendations_experiment_change", args=[experiment.pk]))
