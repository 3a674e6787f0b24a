"""Write keys: made, switched off and on, and changed for new ones without a gap."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import Model, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from tracking.admin.key_form import WriteKeyForm
from tracking.models import CollectedMinute, WriteKey
from tracking.rotation import rotate

UNKNOWN: Final = "–"
SENTENCES: Final = {
    True: "The shop's own pages use it from now on. Pages that are open still send with “{old}”: switch that off"
    " when its “last seen” stands still, at the latest a day from now.",
    False: "Both are valid. Give the new key to everything that sends with “{old}”, see that the old key's"
    " “last seen” stands still, then switch the old one off.",
}


@admin.register(WriteKey)
class WriteKeyAdmin(ModelAdmin):  # type: ignore[misc]
    form = WriteKeyForm
    list_display = ("name", "state", "kind_word", "masked", "seen", "today", "last_hour", "origins", "rate")
    list_filter = ("is_active", "kind")
    search_fields = ("name", "key__startswith")
    search_help_text = "A word of the name, or the beginning of the key"
    ordering = ("-is_active", "name")
    actions = ("switch_on", "switch_off", "rotate_keys")
    actions_submit_line = ("save_and_rotate",)
    fieldsets = (
        (None, {"fields": ("name", "kind", "key", "is_active", "for_pages")}),
        ("Who may send with it", {"fields": ("allowed_origins", "rate_limit")}),
        ("What it may do", {"fields": ("may_identify", "may_backfill", "may_erase")}),
    )

    class Media:
        js = ("tracking/admin/copy.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WriteKey]:
        now = timezone.localtime()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        queryset: QuerySet[WriteKey] = super().get_queryset(request)
        return queryset.annotate(
            accepted_today=_sum_since("accepted", midnight),
            rejected_today=_sum_since("rejected", midnight),
            accepted_hour=_sum_since("accepted", now - timedelta(hours=1)),
            rejected_hour=_sum_since("rejected", now - timedelta(hours=1)),
        )

    def get_fieldsets(self, request: HttpRequest, obj: WriteKey | None = None) -> Any:
        shown = (("Seen", {"fields": ("created", "last_seen", "today", "last_hour")}),) if obj else ()
        fields = ("name", "kind", "shown_key" if obj else "key", "is_active", "for_pages")
        return ((None, {"fields": fields}), *self.fieldsets[1:], *shown)

    def get_readonly_fields(self, request: HttpRequest, obj: WriteKey | None = None) -> tuple[str, ...]:
        """A key and its name stay: counts and events stand under the name."""
        return ("name", "shown_key", "created", "last_seen", "today", "last_hour") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: WriteKey | None = None) -> bool:
        """What is in use is switched off first."""
        in_use = obj is not None and obj.is_active
        return not in_use and bool(super().has_delete_permission(request, obj))

    def has_rotate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """By name: a permission as "app.codename" is looked up by Unfold's check, before the first migration."""
        return bool(request.user.has_perm("tracking.add_writekey"))

    def get_actions(self, request: HttpRequest) -> Any:
        return {
            name: each for name, each in super().get_actions(request).items() if name != "delete_selected"
        }

    @display(description="State", ordering="is_active", label={"on": "success", "off": "danger"})  # type: ignore[untyped-decorator]
    def state(self, key: WriteKey) -> str:
        return "on" if key.is_active else "off"

    @display(  # type: ignore[untyped-decorator]
        description="For", ordering="kind", label={"pages": "info", "browser": "info", "server": "warning"}
    )
    def kind_word(self, key: WriteKey) -> tuple[str, str]:
        return key.kind, "browser, the shop's pages" if key.for_pages else key.kind

    @admin.display(description="Key")
    def masked(self, key: WriteKey) -> SafeString:
        return _html("tracking/admin/masked_key.html", {"masked": masked(key.key)})

    @admin.display(description="Key")
    def shown_key(self, key: WriteKey) -> SafeString:
        return _html("tracking/admin/shown_key.html", {"key": key.key})

    @admin.display(description="Last seen", ordering="last_seen_at")
    def seen(self, key: WriteKey) -> SafeString | str:
        if key.last_seen_at is None:
            return "never"
        return _html("tracking/admin/ago.html", {"at": key.last_seen_at})

    @admin.display(description="Last seen")
    def last_seen(self, key: WriteKey) -> SafeString | str:
        return self.seen(key)

    @admin.display(description="Made")
    def created(self, key: WriteKey) -> str:
        return f"{timezone.localtime(key.created_at):%Y-%m-%d %H:%M}"

    @admin.display(description="Today")
    def today(self, key: Any) -> SafeString:
        return _counts(key.accepted_today, key.rejected_today)

    @admin.display(description="Last hour")
    def last_hour(self, key: Any) -> SafeString:
        return _counts(key.accepted_hour, key.rejected_hour)

    @admin.display(description="Sites")
    def origins(self, key: WriteKey) -> str:
        first, more = key.allowed_origins[:1], len(key.allowed_origins) - 1
        return f"{first[0]}, {more} more" if more > 0 else (first[0] if first else "any")

    @admin.display(description="Limit", ordering="rate_limit")
    def rate(self, key: WriteKey) -> str:
        return f"{key.rate_limit:,}/s" if key.rate_limit else "none"

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, keys: QuerySet[WriteKey]) -> None:
        self._switch(request, keys, on=True)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, keys: QuerySet[WriteKey]) -> None:
        self._switch(request, keys, on=False)

    @admin.action(description="Rotate: make a second key with the same settings", permissions=["add"])
    def rotate_keys(self, request: HttpRequest, keys: QuerySet[WriteKey]) -> None:
        for key in keys:
            self._rotate(request, key)

    @action(description="Save and rotate", permissions=["rotate"], icon="autorenew")  # type: ignore[untyped-decorator]
    def save_and_rotate(self, request: HttpRequest, key: WriteKey) -> None:
        request.made_key = self._rotate(request, key)  # type: ignore[attr-defined]

    def response_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        made: WriteKey | None = getattr(request, "made_key", None)
        if made is not None:
            return HttpResponseRedirect(reverse("admin:tracking_writekey_change", args=[made.pk]))
        response: HttpResponse = super().response_change(request, obj)
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._warn_without_page_key(request)

    def _rotate(self, request: HttpRequest, key: WriteKey) -> WriteKey:
        made = rotate(key)
        self.log_addition(request, made, [{"added": {"name": "key", "object": f"rotated from {key.name}"}}])
        sentence = SENTENCES[made.for_pages and made.is_active].format(old=key.name)
        self.message_user(request, f"“{made.name}” has a key of its own. {sentence}", messages.SUCCESS)
        return made

    def _switch(self, request: HttpRequest, keys: Iterable[WriteKey], *, on: bool) -> None:
        changed = [key for key in keys if key.is_active is not on]
        WriteKey.objects.filter(pk__in=[key.pk for key in changed]).update(is_active=on)
        for key in changed:
            self.log_change(request, key, [{"changed": {"fields": ["is active"]}}])
        names = ", ".join(f"“{key.name}”" for key in changed) or "Nothing"
        self.message_user(request, f"{names} switched {'on' if on else 'off'}; it holds within seconds.")
        self._warn_without_page_key(request)

    def _warn_without_page_key(self, request: HttpRequest) -> None:
        if not WriteKey.objects.filter(for_pages=True, is_active=True).exists():
            self.message_user(
                request,
                "No key that is on is for the shop's own pages: they track nothing. Switch one on, or mark one.",
                messages.WARNING,
            )


def masked(key: str) -> str:
    """So much of a key as tells it from the others."""
    return f"{key[:4]}…{key[-4:]}" if len(key) >= 16 else "…"


def _sum_since(field: str, since: datetime) -> Subquery:
    counted = CollectedMinute.objects.filter(source=OuterRef("name"), minute__gte=since)
    return Subquery(counted.values("source").annotate(sum=Sum(field)).values("sum"))


def _counts(accepted: int | None, rejected: int | None) -> SafeString:
    return _html("tracking/admin/counts.html", {"accepted": accepted or 0, "rejected": rejected or 0})


def _html(template: str, context: dict[str, Any]) -> SafeString:
    return SafeString(render_to_string(template, context).strip())
