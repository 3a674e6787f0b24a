"""How the model weighs, and whom it has still to tell."""

from django.contrib import admin

from recommendations.admin.columns import time_of
from recommendations.admin.readonly import ReadOnlyAdmin
from recommendations.models import ChangedVisitor, EventWeight, Parameters


@admin.register(Parameters)
class ParametersAdmin(ReadOnlyAdmin):
    explanation = "What the formulas of the model read; a migration sets them."
    list_display = ("half_life", "lookback", "neighbours", "recent", "history", "memory")


@admin.register(EventWeight)
class EventWeightAdmin(ReadOnlyAdmin):
    list_display = ("event", "weight", "reason")
    explanation = (
        "How much each event says about its product; * stands for every other event, 0 for not counted."
    )
    ordering = ("-weight", "event")


@admin.register(ChangedVisitor)
class ChangedVisitorAdmin(ReadOnlyAdmin):
    list_display = ("visitor_id", "version", time_of("changed_at", "Changed"))
    explanation = "Visitors whose list changed and who have not been told; empty while the relay keeps up."
    empty = "Everybody has been told."
    search_fields = ("=visitor_id",)
    search_help_text = "A visitor's id"
    ordering = ("id",)
