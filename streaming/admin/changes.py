"""The audit: each change that was made or tried, by whom, with what stood there before and after."""

from django.contrib import admin
from django.utils.safestring import SafeString

from recommendations.admin.cells import Cell, badge
from recommendations.admin.columns import instant_of, time_of
from recommendations.admin.readonly import ReadOnlyAdmin
from streaming.admin.changing import table_of
from streaming.changes import Plan
from streaming.models import Change

TONES = {Change.State.BEGUN: "warning", Change.State.DONE: "success", Change.State.FAILED: "danger"}


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    list_display = (time_of("at", "At"), "username", "action", "subject", "state_word", "error")
    list_filter = ("state", "action")
    search_fields = ("subject", "username__exact")
    search_help_text = "A topic, a group, a broker, or who did it"
    ordering = ("-id",)
    fields = (
        "username",
        "action",
        "subject",
        "state_word",
        "error",
        instant_of("at", "Begun"),
        instant_of("ended_at", "Ended"),
        "changed",
    )
    readonly_fields = fields
    explanation = (
        "What was changed in the cluster and in what belongs to it, or tried. Begun and not ended: the process that"
        " did it was stopped; look at what became of it."
    )
    empty = "Nothing was changed yet."

    @admin.display(description="State", ordering="state")
    def state_word(self, change: Change) -> Cell:
        return badge(change.get_state_display(), TONES[Change.State(change.state)])

    @admin.display(description="Before and after")
    def changed(self, change: Change) -> SafeString:
        return table_of(Plan(change.before, change.after))
