"""The ledger: each batch that was applied, what it read, and whether all of it adds up."""

import re
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter

from recommendations.admin.cells import UNKNOWN, Cell, Table, badge, milliseconds, number
from recommendations.admin.columns import instant_of, time_of
from recommendations.admin.readonly import ReadOnlyAdmin
from streaming.balance import Balance, balances
from streaming.models import Batch, BatchRange, RejectedRecord

PLACE: Final = re.compile(r"(?P<topic>.+)-(?P<partition>\d+)@(?P<offset>\d+)")
"""A place in the log, as traces name it: topic-partition@offset."""

TIMES: Final = (
    instant_of("first_appended_at", "First appended"),
    instant_of("last_appended_at", "Last appended"),
    instant_of("started_at", "Handed to the sink"),
    instant_of("committed_at", "Committed"),
)


class BatchRangeInline(TabularInline):  # type: ignore[misc]
    model = BatchRange
    fields = ("topic", "partition", "first", "last", "records")
    readonly_fields = fields
    ordering = ("topic", "partition")
    extra = 0
    can_delete = False
    hide_title = True
    verbose_name_plural = "offsets applied"

    @admin.display(description="First offset")
    def first(self, applied: BatchRange) -> str:
        return number(applied.offsets.lower)

    @admin.display(description="Last offset")
    def last(self, applied: BatchRange) -> str:
        return number(applied.offsets.upper - 1)

    @admin.display(description="Records")
    def records(self, applied: BatchRange) -> str:
        return number(applied.offsets.upper - applied.offsets.lower)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = (
        "batch_id",
        "query",
        time_of("committed_at", "Committed"),
        "events",
        "duplicates",
        "rejected",
        "visitors",
        "took",
    )
    list_filter = ("query", ("committed_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("query",)
    list_before_template = "streaming/admin/balance.html"
    empty = "No batch has been applied yet."
    search_fields = ("batch_id",)
    search_help_text = "Batch, or topic-partition@offset"
    ordering = ("-id",)
    inlines = (BatchRangeInline,)
    readonly_fields = (*TIMES, "took", "stages")
    fieldsets = (
        (None, {"fields": (("query", "batch_id"), "checkpoint")}),
        ("Counted", {"fields": (("events", "duplicates"), ("rejected", "visitors"))}),
        ("When", {"fields": (TIMES[:2], TIMES[2:], ("took", "stages"))}),
    )

    @admin.display(description="Took")
    def took(self, batch: Batch) -> str:
        return milliseconds((batch.committed_at - batch.started_at).total_seconds() * 1000)

    @admin.display(description="Stages")
    def stages(self, batch: Batch) -> str:
        return (
            ", ".join(f"{stage} {milliseconds(took)}" for stage, took in batch.durations.items()) or UNKNOWN
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Batch], search_term: str
    ) -> tuple[QuerySet[Batch], bool]:
        term = search_term.strip()
        if place := PLACE.fullmatch(term):
            offset = int(place["offset"])
            found = queryset.filter(
                ranges__topic=place["topic"],
                ranges__partition=int(place["partition"]),
                ranges__offsets__contains=offset,
            )
            return found, False
        if term.isdecimal():
            return queryset.filter(batch_id=int(term)), False
        return (queryset.none() if term else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "balance": balance_table(balances())}
        )
        return response


@admin.register(RejectedRecord)
class RejectedRecordAdmin(ReadOnlyAdmin):
    list_display = ("topic", "partition", "offset", "reason", "batch")
    list_select_related = ("batch",)
    search_fields = ("reason",)
    search_help_text = "A word of the reason"
    explanation = "Records in the log that are no events; the records themselves stay there."
    empty = "None has been found."
    ordering = ("-id",)


def balance_table(accounts: list[Balance]) -> Table:
    return Table(
        headers=("Query", "In the topic", "= processed", "+ duplicate", "+ rejected", "+ waiting", ""),
        rows=[
            (
                account.query,
                number(account.appended),
                number(account.processed),
                number(account.duplicates),
                number(account.rejected),
                number(account.waiting),
                verdict(account),
            )
            for account in accounts
        ],
    )


def verdict(account: Balance) -> Cell | SafeString:
    if account.unaccounted is None:
        return badge("Kafka not answering", "warning")
    if account.unaccounted:
        return badge(f"{account.unaccounted:+,} not accounted for", "danger")
    return badge("adds up", "success")
