"""The model admin of what operators set: each row that is added, changed or deleted is written down like any change."""

from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from streaming.changes import Facts, Plan, recorded


class AuditedAdmin(ModelAdmin):  # type: ignore[misc]
    """Django's own permissions of the model apply; deleting asks first."""

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        before = facts_of(type(obj)._default_manager.get(pk=obj.pk)) if change else {}
        plan = Plan(before, facts_of(obj))
        with recorded(
            by=request.user, action=self._action("Change" if change else "Add"), subject=str(obj), plan=plan
        ):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        plan = Plan(facts_of(obj), {})
        with recorded(by=request.user, action=self._action("Delete"), subject=str(obj), plan=plan):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for each in queryset:
            self.delete_model(request, each)

    def _action(self, verb: str) -> str:
        return f"{verb}: {self.opts.verbose_name}"


def facts_of(row: Model) -> Facts:
    """The row's fields, as the audit keeps them."""
    return {
        field.name: value
        if isinstance(value := field.value_from_object(row), str | int | float | None)
        else str(value)
        for field in row._meta.concrete_fields
        if not field.primary_key
    }
