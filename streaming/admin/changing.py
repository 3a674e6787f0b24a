"""The pages that change something: a form, then what stands now beside what is to be, and only then the change."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from recommendations.admin.cells import UNKNOWN, Cell, Table
from recommendations.admin.pages import AdminPage
from streaming.changes import Facts, Plan, RefusedError, Value, recorded
from streaming.connection import UnansweredError
from streaming.snapshots import forget

SHOWN: Final = 200
"""Rows of before and after on the page; all of them go into the audit."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it: what the operator is told, and what stands there now, where that is not the plan's `after`."""

    message: str
    after: Facts | None = None
    address: str = ""
    """Where to go on; without one, back."""


class ChangePage(AdminPage):
    """Asks for what is to be (`form_class`), shows what that changes, and does it once that was confirmed.

    A subclass says which permission it takes, plans and carries out; the page asks, checks that what was confirmed is
    still what would happen, and writes it down. Nothing else may answer a POST: a test looks at every address.
    """

    template_name = "streaming/admin/change.html"
    http_method_names = ["get", "head", "options", "post"]
    action: ClassVar[str]
    """As the audit names it: “Create a topic”."""
    verb: ClassVar[str]
    """On the button that does it: “Create”."""
    form_class: ClassVar[type[forms.Form]] = forms.Form
    is_typed: ClassVar[bool] = False
    """Whether the subject's name has to be typed: for what cannot be undone."""
    explanation: ClassVar[str] = ""

    def subject(self, form: forms.Form) -> str:
        """What is changed, by the name that an operator knows it by."""
        raise NotImplementedError

    def plan(self, form: forms.Form) -> Plan:
        """What would change, of a form that is valid. Raises RefusedError, UnansweredError."""
        raise NotImplementedError

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        """Does it. Raises RefusedError, UnansweredError."""
        raise NotImplementedError

    def back(self) -> str:
        """The address of the page that this one was reached from."""
        raise NotImplementedError

    def get_title(self) -> str:
        return self.action

    def get_initial(self) -> dict[str, Any]:
        """What the form begins with: what the address asks for."""
        return self.request.GET.dict()

    def make_form(self, data: Any = None) -> forms.Form:
        """Without fields, nothing is asked. Raises RefusedError, UnansweredError."""
        return self.form_class(data, initial=self.get_initial())

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            form = self.make_form()
        except (RefusedError, UnansweredError) as error:
            return self._ask(forms.Form(), refusal=str(error))
        # Nothing to ask: what it would do is shown at once.
        return self._ask(form) if form.fields else self._propose(self.make_form({}))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        forget()  # what is planned is planned from the cluster as it is now
        try:
            form = self.make_form(request.POST)
        except (RefusedError, UnansweredError) as error:
            return self._ask(forms.Form(), refusal=str(error), status=409)
        if not form.is_valid():
            return self._ask(form, status=400)
        if "seen" not in request.POST:
            return self._propose(form, refused=409)
        try:
            plan = self.plan(form)
        except (RefusedError, UnansweredError) as error:
            return self._ask(form, refusal=str(error), status=409)
        if problem := self._unconfirmed(form, plan):
            return self._show(form, plan, problem=problem, status=400)
        return self._do(form, plan)

    def _do(self, form: forms.Form, plan: Plan) -> HttpResponse:
        try:
            with recorded(
                by=self.request.user, action=self.action, subject=self.subject(form), plan=plan
            ) as change:
                done = self.carry_out(form, plan)
                if done.after is not None:
                    change.after = dict(done.after)
        except (RefusedError, UnansweredError) as error:
            return self._ask(form, refusal=str(error), status=409)
        messages.success(self.request, done.message)
        return HttpResponseRedirect(done.address or self.back())

    def _unconfirmed(self, form: forms.Form, plan: Plan) -> str:
        """Why what was sent is no confirmation of this plan."""
        if self.request.POST["seen"] != fingerprint(plan):
            return "It has changed since you looked: below is what would happen now. Nothing was done."
        if self.is_typed and self.request.POST.get("confirmation", "").strip() != self.subject(form):
            return f"This is not the name “{self.subject(form)}”: nothing was done."
        return ""

    def _propose(self, form: forms.Form, *, refused: int = 200) -> HttpResponse:
        try:
            plan = self.plan(form)
        except (RefusedError, UnansweredError) as error:
            return self._ask(form, refusal=str(error), status=refused)
        if not plan.changes:
            return self._ask(form, refusal="That is what stands there already: there is nothing to change.")
        return self._show(form, plan)

    def _ask(self, form: forms.Form, *, refusal: str = "", status: int = 200) -> HttpResponse:
        context = self.get_context_data(form=form, refusal=refusal)
        return self.render_to_response(context, status=status)

    def _show(self, form: forms.Form, plan: Plan, *, problem: str = "", status: int = 200) -> HttpResponse:
        context = self.get_context_data(
            form=form,
            plan=plan,
            subject=self.subject(form),
            problem=problem,
            seen=fingerprint(plan),
            sent=[
                (name, value) for name in form.fields for value in cast(QueryDict, form.data).getlist(name)
            ],
            table=changes_table(plan),
            more=max(0, len(plan.changes) - SHOWN),
        )
        return self.render_to_response(context, status=status)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs,
            verb=self.verb,
            is_typed=self.is_typed,
            explanation=self.explanation,
            back=self.back(),
        )


def fingerprint(plan: Plan) -> str:
    """The same for plans that change the same."""
    told = json.dumps([dict(plan.before), dict(plan.after)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def table_of(plan: Plan) -> SafeString:
    """All that a change was of."""
    return render_to_string(
        "recommendations/admin/table.html", {"table": changes_table(plan, shown_at_most=None), "title": ""}
    )


def changes_table(plan: Plan, shown_at_most: int | None = SHOWN) -> Table:
    return Table(
        headers=("", "Now", "Then"),
        rows=[(name, shown(before), shown(after)) for name, before, after in plan.changes[:shown_at_most]],
    )


def shown(value: Value) -> Cell:
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str | int) else f"{value:g}"
