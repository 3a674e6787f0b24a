"""Erasures: who was erased when, at whose word; and a page on which an admin erases a visitor."""

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from tracking.erasure import erase_visitor
from tracking.events import MAX_ID_LENGTH
from tracking.models import Erasure

NOTHING: Final = "nothing was there"


class EraseForm(forms.Form):
    """The id twice: what is erased does not come back."""

    visitor_id = forms.CharField(
        label="Visitor", max_length=MAX_ID_LENGTH, strip=False, widget=UnfoldAdminTextInputWidget
    )
    confirmation = forms.CharField(
        label="The same id once more",
        strip=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "visitor_id" in cleaned and cleaned.get("confirmation") != cleaned["visitor_id"]:
            self.add_error("confirmation", "This is not the id above: nothing was erased.")
        return cleaned


@admin.register(Erasure)
class ErasureAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("visitor_id", "erased_at", "asked_by", "went")
    list_filter = ("asked_by",)
    search_fields = ("visitor_id__exact",)
    search_help_text = "A visitor's id"
    ordering = ("-id",)
    actions = None
    actions_list = ("erase",)
    fields = ("visitor_id", "erased_at", "asked_by", "went")

    @admin.display(description="Deleted at once")
    def went(self, erasure: Erasure) -> str:
        counted = [f"{number} × {table}" for table, number in erasure.deleted.items() if number]
        return ", ".join(counted) or NOTHING

    def get_urls(self) -> list[URLPattern]:
        own = path("erase/", self.admin_site.admin_view(self.erase_page), name="tracking_erasure_erase")
        urls: list[URLPattern] = [own, *super().get_urls()]
        return urls

    @action(description="Erase a visitor", permissions=["erase"], icon="delete_forever")  # type: ignore[untyped-decorator]
    def erase(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:tracking_erasure_erase"))

    def erase_page(self, request: HttpRequest) -> HttpResponse:
        if not self.has_erase_permission(request):
            raise PermissionDenied
        form = EraseForm(request.POST or None, initial={"visitor_id": request.GET.get("visitor", "")})
        if request.method == "POST" and form.is_valid():
            visitor_id = form.cleaned_data["visitor_id"]
            erasure = erase_visitor(visitor_id, asked_by=request.user.get_username())
            self.log_addition(request, erasure, "Erased the visitor.")
            self.message_user(
                request, f"Erased {visitor_id}. Deleted at once: {self.went(erasure)}.", messages.SUCCESS
            )
            return HttpResponseRedirect(reverse("admin:tracking_erasure_changelist"))
        context = {**self.admin_site.each_context(request), "title": "Erase a visitor", "form": form}
        return TemplateResponse(request, "tracking/admin/erase.html", context)

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tracking.add_erasure")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows come of erasing only."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An audit whose rows can go is none."""
        return False
