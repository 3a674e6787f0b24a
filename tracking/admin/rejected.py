"""Refused events: each with its reason, mended and replayed."""

from datetime import timedelta
from typing import Any, Final

import msgspec
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from tracking.admin.reasons import WORDS, words_of
from tracking.models import RejectedEvent, WriteKey
from tracking.replay import NotReplayedError, replay, text_of

MAY_UNSEAL: Final = "tracking.view_visitorkey"
"""Who may see a visitor's key may see what it seals."""
SHOWN_ERRORS: Final = 5


class ReasonFilter(admin.SimpleListFilter):
    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(reason.value, words.short) for reason, words in WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


class ReplayedFilter(admin.SimpleListFilter):
    title = "replayed"
    parameter_name = "replayed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "not yet"), ("yes", "replayed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(replayed_at__isnull=self.value() == "no") if self.value() else queryset


@admin.register(RejectedEvent)
class RejectedEventAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("when", "why", "said", "source", "visitor", "replayed")
    list_filter = (ReasonFilter, "source", ReplayedFilter, ("rejected_at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("visitor_id__startswith", "=message_id")
    search_help_text = "The beginning of a visitor's id, or a message id"
    ordering = ("-id",)
    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50
    actions = ("replay_selected",)
    list_before_template = "tracking/admin/rejected_explanation.html"
    change_list_template = "tracking/admin/rejected_list.html"
    change_form_outer_after_template = "tracking/admin/rejected_body.html"
    fieldsets = (
        (None, {"fields": (("when", "why"), "meaning", "said", "remedy")}),
        ("Where it came from", {"fields": (("source", "visitor_id"), ("message_id", "place"))}),
        ("Replayed", {"fields": ("replayed",)}),
    )
    readonly_fields = ("when", "why", "meaning", "said", "remedy", "place", "replayed")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes what was refused."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("tracking.change_rejectedevent"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        extra: dict[str, Any] = {"show_history": False, **(extra_context or {})}
        if row is not None and self.has_view_permission(request, row):
            if request.method == "POST":
                return self._mend(request, row)
            extra |= self._body_context(request, row)
        response: HttpResponse = super().change_view(request, object_id, form_url, extra)
        return response

    @admin.action(description="Replay", permissions=["replay"])
    def replay_selected(self, request: HttpRequest, rows: QuerySet[RejectedEvent]) -> None:
        """Oldest first, so that the events of one visitor keep their order."""
        events, problems = 0, []
        for row in rows.order_by("id"):
            try:
                events += len(replay(row, by=request.user.get_username()))
            except NotReplayedError as error:
                problems.append(f"{row.source}, {timezone.localtime(row.rejected_at):%H:%M:%S}: {error}")
        if events:
            plural = "event is" if events == 1 else "events are"
            self.message_user(request, f"{events} {plural} on the way to the log.", messages.SUCCESS)
        for problem in problems[:SHOWN_ERRORS]:
            self.message_user(request, f"Not replayed: {problem}", messages.ERROR)
        if (more := len(problems) - SHOWN_ERRORS) > 0:
            self.message_user(request, f"{more} more were not replayed.", messages.ERROR)

    @display(description="Refused", ordering="id")  # type: ignore[untyped-decorator]
    def when(self, row: RejectedEvent) -> str:
        local = timezone.localtime(row.rejected_at)
        today = timezone.localtime() - local < timedelta(days=1)
        return f"{local:%H:%M:%S}" if today else f"{local:%Y-%m-%d %H:%M:%S}"

    @display(description="Reason", ordering="reason", label=True)  # type: ignore[untyped-decorator]
    def why(self, row: RejectedEvent) -> str:
        return words_of(row.reason).short

    @admin.display(description="What that means")
    def meaning(self, row: RejectedEvent) -> str:
        return words_of(row.reason).meaning

    @admin.display(description="What was wrong")
    def said(self, row: RejectedEvent) -> str:
        return f"{row.field} {row.detail}"

    @admin.display(description="What to do")
    def remedy(self, row: RejectedEvent) -> str:
        return words_of(row.reason).remedy

    @admin.display(description="Visitor")
    def visitor(self, row: RejectedEvent) -> str:
        return (
            f"{row.visitor_id[:18]}…"
            if row.visitor_id and len(row.visitor_id) > 20
            else row.visitor_id or "–"
        )

    @admin.display(description="In the log")
    def place(self, row: RejectedEvent) -> str:
        return f"activity.rejected-{row.partition}@{row.offset}"

    @admin.display(description="Replayed", ordering="replayed_at")
    def replayed(self, row: RejectedEvent) -> str:
        if row.replayed_at is None:
            return "–"
        return f"{timezone.localtime(row.replayed_at):%Y-%m-%d %H:%M:%S} by {row.replayed_by}"

    def _mend(self, request: HttpRequest, row: RejectedEvent) -> HttpResponse:
        if not (self.has_replay_permission(request) and self._may_read(request, row)):
            raise PermissionDenied
        body = request.POST.get("body", "").replace("\r\n", "\n")
        key_name = request.POST.get("key", "")
        try:
            events = replay(row, by=request.user.get_username(), body=body.encode(), key_name=key_name)
        except NotReplayedError as error:
            self.message_user(request, f"Not replayed. {error}", messages.ERROR)
            extra = {
                "show_history": False,
                **self._body_context(request, row),
                "body": body,
                "chosen": key_name,
            }
            request.method = "GET"  # the page again, with what was typed
            response: HttpResponse = super().change_view(request, str(row.pk), "", extra)
            return response
        ids = ", ".join(event.event_id for event in events)
        self.message_user(request, f"On the way to the log: {ids}.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:tracking_rejectedevent_change", args=[row.pk]))

    def _body_context(self, request: HttpRequest, row: RejectedEvent) -> dict[str, Any]:
        may_read = self._may_read(request, row)
        body = text_of(row) if may_read else None
        return {
            "may_read": may_read,
            "erased": may_read and body is None,
            "body": "" if body is None else _pretty(body),
            "truncated": msgspec.json.decode(bytes(row.record)).get("truncated", False),
            "may_replay": self.has_replay_permission(request)
            and row.replayed_at is None
            and body is not None,
            "keys": list(
                WriteKey.objects.filter(is_active=True).order_by("name").values_list("name", flat=True)
            ),
            "chosen": row.source,
        }

    def _may_read(self, request: HttpRequest, row: RejectedEvent) -> bool:
        return bool(request.user.has_perm(MAY_UNSEAL))


def _pretty(body: bytes) -> str:
    """Indented where it is JSON; what is no text is shown with its bytes' numbers."""
    try:
        return msgspec.json.format(body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body.decode(errors="backslashreplace")
