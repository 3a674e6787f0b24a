"""How the model weighs, and whom it has still to tell."""

from django.contrib import admin

from recommendations.admin.readonly import ReadOnlyAdmin
from recommendations.models import ChangedVisitor, EventWeight, Parameters


@admin.register(Parameters)
class ParametersAdmin(ReadOnlyAdmin):
    list_display = ("half_life", "lookback", "neighbours", "recent", "history", "memory")


@admin.register(EventWeight)
class EventWeightAdmin(ReadOnlyAdmin):
    list_display = ("event", "weight", "reason")
    ordering = ("-weight", "event")


@admin.register(ChangedVisitor)
class ChangedVisitorAdmin(ReadOnlyAdmin):
    list_display = ("visitor_id", "version", "changed_at")
    search_fields = ("=visitor_id",)
    search_help_text = "A visitor's id"
    ordering = ("id",)
