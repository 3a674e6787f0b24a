"""The settings of a topic or a broker, each with its type, its default and the broker's own documentation."""

from typing import Any, Final

from django import forms
from django.urls import reverse

from streaming.admin.changing import ChangePage, Done
from streaming.admin.operating.fields import choice, text
from streaming.changes import Plan
from streaming.operating.settings import (
    Kind,
    Resource,
    Setting,
    Source,
    alter_settings,
    broker_resource,
    read_settings,
    topic_resource,
)

NUMBERS: Final = {Kind.INT: 32, Kind.SHORT: 16, Kind.LONG: 64}
TOLD: Final = {
    Source.TOPIC: "set on this topic",
    Source.BROKER: "set on this broker",
    Source.ALL_BROKERS: "set for all brokers",
    Source.FILE: "from the broker's file",
    Source.DEFAULT: "Kafka's default",
    Source.UNKNOWN: "",
}


class SettingsForm(forms.Form):
    """A field for each setting that can be changed; empty for the default."""

    def __init__(self, data: Any, settings: dict[str, Setting], own: Source) -> None:
        super().__init__(data)
        self.settings = settings
        self.own = own
        # What is set here comes first: it is what one looks for.
        for setting in sorted(settings.values(), key=lambda each: (each.source != own, each.name)):
            if not setting.read_only:
                self.fields[setting.name] = field_of(setting, own)

    def wanted(self) -> dict[str, str | None]:
        """What is to be set, or None for back to the default, of what is not so already."""
        wanted: dict[str, str | None] = {}
        for name, setting in self.settings.items():
            if name not in self.fields:
                continue
            asked = self.cleaned_data[name] or None
            stands = setting.value if setting.source is self.own else None
            if asked != stands and not (asked is None and setting.kind is Kind.PASSWORD):
                wanted[name] = asked
        return wanted


def field_of(setting: Setting, own: Source) -> forms.Field:
    default = "none" if setting.default in (None, "") else setting.default
    options = {
        "required": False,
        "initial": setting.value if setting.source is own else "",
        "help_text": setting.documentation,
    }
    label = f"{setting.name}"
    if setting.choices:
        choices = [("", f"default: {default}"), *((each, each) for each in setting.choices)]
        if setting.source is own and setting.value and setting.value not in setting.choices:
            choices.append((setting.value, setting.value))
        field: forms.Field = choice(label, choices, **options)
    else:
        field = text(label, **options, validators=[in_range(setting.kind)])
        field.widget.attrs["placeholder"] = f"default: {default}"
    field.kind = setting.kind.name.lower()  # type: ignore[attr-defined]
    field.current = f"{setting.value}, {TOLD[setting.source]}"  # type: ignore[attr-defined]
    field.default = default  # type: ignore[attr-defined]
    return field


def in_range(kind: Kind) -> Any:
    """Refuses what is no value of the type, so that it is said at its field and not by the broker alone."""

    def validate(value: str) -> None:
        if kind in NUMBERS:
            limit = 2 ** (NUMBERS[kind] - 1)
            if not value.lstrip("-").isdecimal() or not -limit <= int(value) < limit:
                raise forms.ValidationError(f"A whole number of {NUMBERS[kind]} bits.")
        elif kind is Kind.DOUBLE:
            try:
                float(value)
            except ValueError as error:
                raise forms.ValidationError("A number.") from error

    return validate


class SettingsPage(ChangePage):
    verb = "Change the settings"
    template_name = "streaming/admin/settings.html"
    explanation = "Empty means the default. The words are the broker's own documentation."

    def resource(self) -> Resource:
        raise NotImplementedError

    def make_form(self, data: Any = None) -> forms.Form:
        return SettingsForm(data, read_settings(self.resource()), self.resource().own_source)

    def plan(self, form: forms.Form) -> Plan:
        assert isinstance(form, SettingsForm)
        wanted = form.wanted()
        if wanted:
            alter_settings(self.resource(), wanted, dry_run=True)
        return Plan(
            {name: said(form.settings[name].value, form.settings[name], form.own) for name in wanted},
            {
                name: value if value is not None else f"default: {form.settings[name].default}"
                for name, value in wanted.items()
            },
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        assert isinstance(form, SettingsForm)
        wanted = form.wanted()
        alter_settings(self.resource(), wanted)
        return Done(f"{len(wanted)} settings of {self.subject(form)} are changed.")


def said(value: str | None, setting: Setting, own: Source) -> str | None:
    return value if setting.source is own else f"default: {setting.default}"


class TopicSettingsPage(SettingsPage):
    permission_required = "streaming.change_topic"
    action = "Change settings of a topic"

    def resource(self) -> Resource:
        return topic_resource(self.kwargs["name"])

    def subject(self, form: forms.Form) -> str:
        name: str = self.kwargs["name"]
        return name

    def get_title(self) -> str:
        return f"Settings of {self.kwargs['name']}"

    def back(self) -> str:
        return reverse("cluster:topic", args=[self.kwargs["name"]])


class BrokerSettingsPage(SettingsPage):
    permission_required = "streaming.change_broker"
    action = "Change settings of a broker"

    def resource(self) -> Resource:
        return broker_resource(self.kwargs["broker"])

    def subject(self, form: forms.Form) -> str:
        return f"broker {self.kwargs['broker']}"

    def get_title(self) -> str:
        return f"Settings of broker {self.kwargs['broker']}"

    def back(self) -> str:
        return reverse("cluster:overview")
