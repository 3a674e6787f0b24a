"""The models: what is live, what stands beside it, two of them side by side, and which is to be live or to go."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.urls import reverse
from django.utils.html import format_html_join

from recommendations.admin.cells import UNKNOWN, Cell, Table, badge, code, link, moment, number, size
from recommendations.admin.pages import AdminPage
from recommendations.models import Model
from streaming.admin.changing import ChangePage, Done
from streaming.admin.unknown import UnknownError
from streaming.changes import Plan, RefusedError
from streaming.models import Position
from streaming.rebuild import beside
from streaming.rebuild.beside import BusyModelError
from streaming.rebuild.side_by_side import Listed, compared, list_of_visitor, similar_products, size_of
from streaming.tasks import promote_model
from streaming.topics import topic_name
from tracking.events import ACTIVITY

TONES = {"folding": "info", "deriving": "info", "ready": "success", "promoting": "warning"}


class ModelsPage(AdminPage):
    title = "Models"
    permission_required = "recommendations.view_model"
    template_name = "streaming/admin/models.html"
    refresh = 10

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        models = sorted(Model.objects.all(), key=lambda each: (each.name != Model.LIVE, each.name))
        headers = ("Model", "Kind", "State", "Asked for", "Behind", "Caught up", "Size", "Schema", "")
        return super().get_context_data(
            **kwargs,
            table=Table(headers=headers, rows=[self._row(model) for model in models]),
            errors=[model for model in models if model.error],
        )

    def _row(self, model: Model) -> Sequence[Cell]:
        is_live = model.name == Model.LIVE
        compare = reverse("cluster:compared_models") + f"?second={model.name}"
        return (
            model.name,
            model.get_kind_display(),
            badge("live", "success") if is_live else badge(model.get_state_display(), TONES[model.state]),
            told(model.parameters),
            UNKNOWN if is_live or model.kind != Model.Kind.FOLD else number(behind(model)),
            UNKNOWN if is_live else moment(model.caught_up_at),
            size(size_of(model)),
            code(model.schema),
            ""
            if is_live
            else joined(
                link(compare, "Compare"),
                link(reverse("cluster:promote_model", args=[model.name]), "Promote"),
                link(reverse("cluster:drop_model", args=[model.name]), "Drop"),
            ),
        )


class ComparedPage(AdminPage):
    title = "Two models side by side"
    permission_required = "recommendations.view_model"
    template_name = "streaming/admin/compared_models.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        names = list(Model.objects.order_by("name").values_list("name", flat=True))
        first = self.model_named(self.request.GET.get("first") or Model.LIVE)
        second = self.model_named(
            self.request.GET.get("second") or next((n for n in names if n != first.name), first.name)
        )
        product = self.request.GET.get("product", "").strip()
        visitor = self.request.GET.get("visitor", "").strip()
        own = other = []
        if product or visitor:
            own, other = (
                similar_products(model, product) if product else list_of_visitor(model, visitor)
                for model in (first, second)
            )
        common = {p for p, _ in own} & {p for p, _ in other}
        top = {p for p, _ in own[:10]} & {p for p, _ in other[:10]}
        return super().get_context_data(
            **kwargs,
            names=names,
            first=first,
            second=second,
            product=product,
            visitor=visitor,
            asked=bool(product or visitor),
            summary=f"{len(common)} products are in both lists, {len(top)} of them among the first ten of both.",
            lists=[
                {"model": model, "table": self.table(rows, against.name)}
                for model, rows, against in (
                    (first, compared(own, other), second),
                    (second, compared(other, own), first),
                )
            ],
            told=[(model.name, told(model.parameters)) for model in (first, second)],
        )

    def model_named(self, name: str) -> Model:
        model = Model.objects.filter(name=name).first()
        if model is None:
            raise UnknownError(f"There is no model {name}.", reverse("cluster:models"))
        return model

    def table(self, rows: list[Listed], against: str) -> Table:
        return Table(
            headers=("#", "Product", "Score", f"In {against}"),
            rows=[(row.place, row.product_id, number(row.score, 4), mark(row)) for row in rows],
        )


class ActPage(ChangePage):
    """Asks whether it is meant, and takes the model's name: it changes every list."""

    is_typed = True
    consequence: ClassVar[str]

    def get_title(self) -> str:
        return f"{self.verb} the model {self.kwargs['name']}"

    def subject(self, form: forms.Form) -> str:
        return self.found().name

    def back(self) -> str:
        return reverse("cluster:models")

    def found(self) -> Model:
        model = Model.objects.filter(name=self.kwargs["name"]).first()
        if model is None:
            raise UnknownError(f"There is no model {self.kwargs['name']}.", reverse("cluster:models"))
        return model


class PromotePage(ActPage):
    permission_required = "recommendations.change_model"
    action = "Promote a model"
    verb = "Promote"
    consequence = (
        "Its lists become those of all visitors, in one moment and while the shop serves. The model that is live now"
        " stays as one of its own, so that it can be promoted back."
    )

    def plan(self, form: forms.Form) -> Plan:
        model = self.found()
        if refusal := beside.why_not_promoted(model):
            raise RefusedError(refusal)
        before, after = {"state": model.state}, {"state": Model.State.PROMOTING.value}
        return Plan(before, after, self.consequence, details={"Asked for": told(model.parameters)})

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        model = self.found()
        Model.objects.filter(name=model.name).update(state=Model.State.PROMOTING, error="")
        promote_model.delay(model.name)
        return Done(
            f"“{model.name}” is being promoted: visitors' lists are derived first. This page shows when it is live."
        )


class DropPage(ActPage):
    permission_required = "recommendations.delete_model"
    action = "Drop a model"
    verb = "Drop"
    consequence = "Its tables go. The log stays: `manage.py rebuild --name` makes such a model again."

    def plan(self, form: forms.Form) -> Plan:
        model = self.found()
        if refusal := beside.why_not_dropped(model):
            raise RefusedError(refusal)
        return Plan({"schema": model.schema, "asked for": told(model.parameters)}, {}, self.consequence)

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        name = self.found().name
        try:
            beside.drop(name)
        except (beside.RefusedError, BusyModelError) as error:
            raise RefusedError(str(error)) from error
        return Done(f"“{name}” was dropped.")


def told(parameters: dict[str, Any]) -> str:
    """What was asked for, in the words of the command's options."""
    weights = parameters.get("weights", {})
    words = [f"{name.replace('_', '-')} {value}" for name, value in parameters.items() if name != "weights"]
    return (
        ", ".join([*words, *(f"{event} = {weight:g}" for event, weight in weights.items())])
        or "as by default"
    )


def behind(model: Model) -> int:
    """Records of the log that the live model has and this one has not."""
    applied = Position.objects.filter(query="activity", topic=topic_name(ACTIVITY))
    return sum(max(each.offset - model.positions.get(str(each.partition), 0), 0) for each in applied)


def mark(row: Listed) -> Cell:
    if row.elsewhere is None:
        return badge("not there", "danger")
    if row.elsewhere == row.place:
        return badge("same place", "success")
    return badge(f"place {row.elsewhere}", "warning" if abs(row.elsewhere - row.place) > 5 else "info")


def joined(*cells: Cell) -> Cell:
    return format_html_join(" · ", "{}", ((cell,) for cell in cells))
