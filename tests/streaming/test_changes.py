"""Whoever changes something may, has confirmed just that, and stands in the audit with what was there before."""

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.contrib import admin as django_admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, include, path, reverse
from pytest_django.fixtures import Settings

from recommendations.admin.readonly import ReadOnlyAdmin
from streaming.admin.audited import AuditedAdmin
from streaming.admin.changing import ChangePage, Done
from streaming.changes import Facts, Plan, RefusedError, recorded
from streaming.models import Change

pytestmark = pytest.mark.django_db
SAMPLES = {
    "int": 1,
    "slug": "sample",
    "str": "sample",
    "path": "sample",
    "uuid": "018f3c5e-0000-7000-8000-000000000000",
}
READ_ONLY = "view_"


class ColourForm(forms.Form):
    colour = forms.CharField()


class PaintPage(ChangePage):
    """A page that changes what stands in this class."""

    permission_required = "streaming.change_topic"
    action = "Paint the wall"
    verb = "Paint"
    form_class = ColourForm
    is_typed = True
    colour = "white"
    refused = ""

    def subject(self, form: forms.Form) -> str:
        return "wall"

    def plan(self, form: forms.Form) -> Plan:
        return Plan({"colour": PaintPage.colour}, {"colour": form.cleaned_data["colour"]})

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        if PaintPage.refused:
            raise RefusedError(PaintPage.refused)
        PaintPage.colour = str(plan.after["colour"])
        return Done("Painted.", {"colour": PaintPage.colour, "coats": 2})

    def back(self) -> str:
        return "/admin/"


urlpatterns = [path("paint/", PaintPage.as_admin_view()), path("", include("config.urls"))]


@pytest.fixture
def wall(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    settings.ROOT_URLCONF = __name__
    monkeypatch.setattr(PaintPage, "colour", "white")
    monkeypatch.setattr(PaintPage, "refused", "")
    return "/paint/"


def shown(client: Client, address: str, data: dict[str, str], status: int = 200) -> tuple[str, str]:
    """The page, and what is to be sent along to confirm just what it shows."""
    response = client.post(address, data)
    assert response.status_code == status
    page = response.content.decode()
    return page, response.context.get("seen", "")


def test_it_is_done_once_what_was_shown_is_confirmed(admin: Client, wall: str) -> None:
    page, seen = shown(admin, wall, {"colour": "blue"})
    assert "white" in page
    assert "blue" in page
    assert (PaintPage.colour, Change.objects.count()) == ("white", 0)

    answer = admin.post(wall, {"colour": "blue", "seen": seen, "confirmation": "wall"})
    assert answer.status_code == 302
    assert PaintPage.colour == "blue"
    change = Change.objects.get()
    assert (change.username, change.action, change.subject, change.state) == (
        "root",
        "Paint the wall",
        "wall",
        "done",
    )
    assert (change.before, change.after) == ({"colour": "white"}, {"colour": "blue", "coats": 2})
    assert change.ended_at is not None
    assert LogEntry.objects.get().change_message == "Paint the wall: done."


def test_without_its_name_nothing_is_done(admin: Client, wall: str) -> None:
    _, seen = shown(admin, wall, {"colour": "blue"})
    page, _ = shown(admin, wall, {"colour": "blue", "seen": seen, "confirmation": "roof"}, 400)
    assert "nothing was done" in page
    assert (PaintPage.colour, Change.objects.count()) == ("white", 0)


def test_what_changed_meanwhile_is_shown_anew(admin: Client, wall: str) -> None:
    _, seen = shown(admin, wall, {"colour": "blue"})
    PaintPage.colour = "green"
    page, _ = shown(admin, wall, {"colour": "blue", "seen": seen, "confirmation": "wall"}, 400)
    assert "It has changed since you looked" in page
    assert "green" in page
    assert PaintPage.colour == "green"


def test_what_is_refused_is_in_the_audit_with_its_reason(admin: Client, wall: str) -> None:
    _, seen = shown(admin, wall, {"colour": "blue"})
    PaintPage.refused = "No paint is left: buy some."
    page, _ = shown(admin, wall, {"colour": "blue", "seen": seen, "confirmation": "wall"}, 409)
    assert "No paint is left" in page
    change = Change.objects.get()
    assert (change.state, change.error, change.before) == (
        "failed",
        "No paint is left: buy some.",
        {"colour": "white"},
    )


def test_what_stands_there_already_is_no_change(admin: Client, wall: str) -> None:
    assert "nothing to change" in shown(admin, wall, {"colour": "white"})[0]


def test_a_command_s_change_names_who_ran_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "olga")
    with (
        pytest.raises(KeyboardInterrupt),
        recorded(by=None, action="Paint the wall", subject="wall", plan=Plan({}, {"colour": "red"})),
    ):
        raise KeyboardInterrupt
    change = Change.objects.get()
    assert (change.username, change.state, change.error) == ("command of olga", "failed", "KeyboardInterrupt")


def test_the_audit_shows_before_and_after(admin: Client) -> None:
    before: Facts = {"colour": "white", "coats": 1}
    with recorded(
        by=None, action="Paint", subject="wall", plan=Plan(before, {"colour": "black", "coats": 1})
    ):
        pass
    change = Change.objects.get()
    assert "wall" in admin.get(reverse("admin:streaming_change_changelist")).content.decode()
    page = admin.get(reverse("admin:streaming_change_change", args=[change.pk])).content.decode()
    assert "white" in page
    assert "black" in page


def patterns(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[tuple[str, URLPattern]]:
    """Each pattern with an address that it matches."""
    for each in (resolver or get_resolver("config.urls")).url_patterns:
        route = str(each.pattern)
        for name, converter in each.pattern.converters.items():
            kind = next(kind for kind in SAMPLES if type(converter).__name__.lower().startswith(kind[:3]))
            for form in (f"<{kind}:{name}>", f"<{name}>"):
                route = route.replace(form, str(SAMPLES[kind]))
        if isinstance(each, URLResolver):
            yield from patterns(each, prefix + route)
        else:
            yield prefix + route, each


def changing() -> list[tuple[str, Any]]:
    """The address and class of every view of the cluster's admin that may change something."""
    return [
        (address, view)
        for address, pattern in patterns()
        if (view := getattr(pattern.callback, "view_class", None)) is not None
        and view.__module__.startswith("streaming.")
        and {"post", "put", "patch", "delete"} & {*view.http_method_names}
    ]


def test_there_are_changing_views() -> None:
    assert len(changing()) >= 2


@pytest.mark.parametrize(("address", "view"), changing())
def test_what_answers_a_post_confirms_and_audits(address: str, view: Any) -> None:
    assert issubclass(view, ChangePage), f"{address}: what changes something is a ChangePage"
    assert view.post is ChangePage.post
    assert view._do is ChangePage._do
    assert view._unconfirmed is ChangePage._unconfirmed
    assert view.dispatch is ChangePage.dispatch
    assert view.has_permission is ChangePage.has_permission
    assert not {"put", "patch", "delete"} & {*view.http_method_names}


@pytest.mark.parametrize(("address", "view"), changing())
def test_without_its_own_permission_it_is_403(client: Client, address: str, view: Any) -> None:
    app, _, codename = view.permission_required.partition(".")
    assert not codename.startswith(READ_ONLY), "seeing is no permission to change"
    its_own = Permission.objects.filter(content_type__app_label=app, codename=codename)
    assert its_own.count() == 1
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.exclude(pk__in=its_own))
    client.force_login(clerk)
    assert client.get(address).status_code == 403
    assert client.post(address, {"seen": "x", "confirmation": "sample"}).status_code == 403
    assert not Change.objects.exists()


def test_rows_that_operators_set_are_audited() -> None:
    for model in apps.get_app_config("streaming").get_models():
        model_admin = django_admin.site._registry.get(model)
        assert model_admin is None or isinstance(model_admin, ReadOnlyAdmin | AuditedAdmin), model
