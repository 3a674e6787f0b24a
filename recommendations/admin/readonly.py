"""The model admin of tables that only the pipeline writes."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Shows rows; nobody can add, change or delete one. Counts nothing: the tables are large."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50
    actions = None
    list_before_template = "recommendations/admin/explanation.html"
    change_list_template = "recommendations/admin/change_list.html"
    explanation = ""
    """What the table holds, and what fills it."""
    empty = "Nothing is here yet."

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        # Nobody changes a row here, so that there is no history to look at.
        extra = {"show_history": False, **(extra_context or {})}
        response: HttpResponse = super().change_view(request, object_id, form_url, extra)
        return response

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
