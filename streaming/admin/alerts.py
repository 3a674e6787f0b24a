"""Alerts: what is wrong now, what was, who was told; the rules, and their silences."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from recommendations.admin.cells import UNKNOWN, Cell, Table, badge, link, moment, span
from recommendations.admin.pages import AdminPage
from streaming.admin.audited import AuditedAdmin
from streaming.admin.changing import ChangePage, Done
from streaming.alerts.models import Alert, AlertRule, Notice, Silence
from streaming.alerts.sending import value_of
from streaming.changes import Plan, RefusedError

LAST: Final = 50
SPANS: Final = {
    "1": ("an hour", timedelta(hours=1)),
    "4": ("4 hours", timedelta(hours=4)),
    "24": ("a day", timedelta(days=1)),
    "168": ("a week", timedelta(days=7)),
}


@admin.register(AlertRule)
class AlertRuleAdmin(AuditedAdmin):
    list_display = ("name", "says", "is_active", "tells")
    list_filter = ("is_active",)
    search_fields = ("name", "metric")
    fieldsets = (
        (None, {"fields": ("name", ("metric", "label"), ("condition", "threshold", "seconds"), "is_active")}),
        ("Who is told", {"fields": ("mail_to", "webhook")}),
    )

    @admin.display(description="When")
    def says(self, rule: AlertRule) -> str:
        return rule.in_words

    @admin.display(description="Who is told")
    def tells(self, rule: AlertRule) -> str:
        return ", ".join(told_by(rule)) or "nobody: it is shown here only"


def told_by(rule: AlertRule) -> list[str]:
    """The addresses that its notices go to."""
    webhook = rule.webhook or settings.ALERT_WEBHOOK
    return [*(rule.mail_to or settings.ALERT_MAIL_TO), *([webhook] if webhook else [])]


def firing() -> int:
    """How many alerts fire that nobody has silenced."""
    silenced = Silence.objects.filter(until__gt=timezone.now()).values("rule_id")
    return Alert.objects.filter(ended_at=None).exclude(rule__in=silenced).count()


def firing_label(request: HttpRequest) -> list[str] | None:
    """Stands in the head of every page; nothing while all is well."""
    if not request.user.has_perm("streaming.view_alert") or not (number := firing()):
        return None
    return [f"{number} alert{'s' if number > 1 else ''}", "danger"]


class AlertsPage(AdminPage):
    title = "Alerts"
    permission_required = "streaming.view_alert"
    template_name = "streaming/admin/alerts.html"
    refresh = 5

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        silences = {each.rule_id: each for each in Silence.objects.filter(until__gt=timezone.now())}
        fires = Alert.objects.filter(ended_at=None).select_related("rule").order_by("fired_at")
        over = Alert.objects.exclude(ended_at=None).select_related("rule").order_by("-ended_at")[:LAST]
        notices = Notice.objects.select_related("alert__rule").order_by("-id")[:LAST]
        return super().get_context_data(
            **kwargs,
            firing=Table(
                headers=("Alert", "Of", "Value", "Since", "Rule", "Told", ""),
                rows=[self._firing(alert, silences.get(alert.rule_id)) for alert in fires],
            ),
            silences=Table(
                headers=("Rule", "Until", "By", "Why", ""),
                rows=[self._silence(each) for each in silences.values()],
            ),
            over=Table(
                headers=("Alert", "Of", "From", "To", "For"), rows=[self._over(alert) for alert in over]
            ),
            notices=Table(
                headers=("About", "To", "State", "Tries", "Error"),
                rows=[self._notice(notice) for notice in notices],
            ),
            rules=AlertRule.objects.filter(is_active=True).count(),
            rules_address=reverse("admin:streaming_alertrule_changelist"),
            mail_to=", ".join(settings.ALERT_MAIL_TO),
            mail_host=settings.EMAIL_HOST,
            webhook=settings.ALERT_WEBHOOK,
        )

    def _firing(self, alert: Alert, silence: Silence | None) -> Sequence[Cell]:
        if silence:
            told: Cell = badge("silenced", "default")
            act: Cell = link(reverse("cluster:end_silence", args=[silence.pk]), "End the silence")
        else:
            told = _told(alert)
            act = link(reverse("cluster:silence_alert", args=[alert.rule_id]), "Silence…")
        return (
            badge(alert.rule.name, "danger"),
            alert.of or UNKNOWN,
            value_of(alert),
            moment(alert.fired_at),
            alert.rule.in_words,
            told,
            act,
        )

    def _silence(self, silence: Silence) -> Sequence[Cell]:
        end = link(reverse("cluster:end_silence", args=[silence.pk]), "End it")
        return silence.rule.name, moment(silence.until), silence.by, silence.reason, end

    def _over(self, alert: Alert) -> Sequence[Cell]:
        lasted = span(alert.ended_at - alert.fired_at) if alert.ended_at else UNKNOWN
        return alert.rule.name, alert.of or UNKNOWN, moment(alert.fired_at), moment(alert.ended_at), lasted

    def _notice(self, notice: Notice) -> Sequence[Cell]:
        if notice.sent_at:
            state: Cell = format_html("{} {}", badge("sent", "success"), moment(notice.sent_at))
        elif notice.next_try_at:
            again = format_html("again {}", moment(notice.next_try_at)) if notice.tries else "at once"
            state = format_html("{} {}", badge("waiting", "warning"), again)
        else:
            state = badge("given up", "danger")
        to = f"{notice.channel} {notice.address}"
        return f"{notice.alert} {notice.about}", to, state, notice.tries, notice.error


def _told(alert: Alert) -> Cell:
    addresses = told_by(alert.rule)
    if not addresses:
        return "nobody is set"
    return moment(alert.told_at) if alert.told_at else "soon"


class SilenceForm(forms.Form):
    length = forms.ChoiceField(
        label="For how long", choices=[(name, words) for name, (words, _) in SPANS.items()]
    )
    reason = forms.CharField(label="Why", max_length=300)


class SilencePage(ChangePage):
    permission_required = "streaming.silence_alert"
    action = "Silence alerts"
    verb = "Silence"
    form_class = SilenceForm
    explanation = "The alerts of the rule are shown as before, and nobody is told until the silence is over."

    @property
    def rule(self) -> AlertRule:
        return get_object_or_404(AlertRule, pk=self.kwargs["pk"])

    def get_title(self) -> str:
        return f"Silence “{self.rule}”"

    def subject(self, form: forms.Form) -> str:
        return f"alerts of “{self.rule}”"

    def plan(self, form: forms.Form) -> Plan:
        if Silence.objects.filter(rule=self.rule, until__gt=timezone.now()).exists():
            raise RefusedError("It is silenced already: end that silence first.")
        words, _ = SPANS[form.cleaned_data["length"]]
        return Plan(
            {"silenced for": None},
            {"silenced for": words, "why": form.cleaned_data["reason"]},
            "nobody is told.",
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        words, length = SPANS[form.cleaned_data["length"]]
        silence = Silence.objects.create(
            rule=self.rule,
            until=timezone.now() + length,
            by=self.request.user.get_username(),
            reason=form.cleaned_data["reason"],
        )
        after = dict(plan.after) | {"until": silence.until.isoformat(timespec="seconds")}
        return Done(f"Nobody is told of “{self.rule}” for {words}.", after)

    def back(self) -> str:
        return reverse("cluster:alerts")


class EndSilencePage(ChangePage):
    permission_required = "streaming.silence_alert"
    action = "End a silence"
    verb = "End it"

    @property
    def silence(self) -> Silence:
        return get_object_or_404(Silence.objects.select_related("rule"), pk=self.kwargs["pk"])

    def subject(self, form: forms.Form) -> str:
        return f"alerts of “{self.silence.rule}”"

    def plan(self, form: forms.Form) -> Plan:
        if self.silence.until <= timezone.now():
            raise RefusedError("This silence is over already.")
        until = self.silence.until.isoformat(timespec="seconds")
        return Plan(
            {"silenced until": until}, {"silenced until": None}, "who is set is told of what fires still."
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        rule = self.silence.rule
        Silence.objects.filter(pk=self.kwargs["pk"]).update(until=timezone.now())
        return Done(f"“{rule}” is no longer silenced.")

    def back(self) -> str:
        return reverse("cluster:alerts")
