"""Imports in the admin: a file is given, checked, and imported with one press more; its progress is shown live."""

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminFileFieldWidget

from shop import tasks
from shop.importing.models import CatalogueImport

MOST_BYTES: Final = 64 * 1024 * 1024
COURSE: Final = "shop/importing/_course.html"


class ImportForm(forms.ModelForm):  # type: ignore[type-arg]
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.tsv,.txt,.json,.jsonl,.ndjson"}),
        help_text="CSV or JSON with product_id, name, price and category; the documentation has all fields.",
    )

    class Meta:
        model = CatalogueImport
        fields = ("dry_run", "hide_others")

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(f"At most {MOST_BYTES // 1024**2} MB: import it in parts.")
        return file


@admin.register(CatalogueImport)
class CatalogueImportAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["name", "dry_run", "state", "asked_by", "asked_at"]
    list_filter = ["state", "dry_run"]

    class Media:
        js = ["shop/admin/importing.js"]

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs) if obj else ImportForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name", "dry_run", "hide_others", "course"] if obj else ["file", "dry_run", "hide_others"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name", "dry_run", "hide_others", "course"] if obj else []

    @admin.display(description="course")
    def course(self, asked: CatalogueImport) -> str:
        return mark_safe(render_to_string(COURSE, {"asked": asked}))  # noqa: S308  # a template's own escaping

    def save_model(self, request: HttpRequest, obj: CatalogueImport, form: Any, change: bool) -> None:
        file = form.cleaned_data["file"]
        obj.name, obj.content = file.name[:200], file.read()
        begin(obj, request)

    def response_add(
        self, request: HttpRequest, obj: CatalogueImport, post_url_continue: Any = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:shop_catalogueimport_change", args=[obj.pk]))

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("<int:pk>/course/", self.admin_site.admin_view(self.show_course), name="import-course"),
            path(
                "<int:pk>/import/", self.admin_site.admin_view(require_POST(self.go_on)), name="import-go-on"
            ),
        ]
        return own + list(super().get_urls())

    def show_course(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return render(
            request, COURSE, {"asked": get_object_or_404(CatalogueImport.objects.defer("content"), pk=pk)}
        )

    def go_on(self, request: HttpRequest, pk: int) -> HttpResponse:
        """After a dry run the same file, this time in earnest."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        dry = get_object_or_404(
            CatalogueImport, pk=pk, dry_run=True, state=CatalogueImport.State.DONE, content__isnull=False
        )
        asked = CatalogueImport(
            name=dry.name, content=dry.content, dry_run=False, hide_others=dry.hide_others
        )
        with transaction.atomic():
            begin(asked, request)
            self.log_addition(request, asked, "Imported after a dry run.")
        return HttpResponseRedirect(reverse("admin:shop_catalogueimport_change", args=[asked.pk]))


def begin(asked: CatalogueImport, request: HttpRequest) -> None:
    """Hands it to a worker once it is committed; where no worker can be told, it says so instead."""
    asked.asked_by_id = request.user.pk
    asked.save()

    def tell() -> None:
        try:
            tasks.import_catalogue.delay(asked.pk)
        except OperationalError as error:
            CatalogueImport.objects.filter(pk=asked.pk).update(
                state=CatalogueImport.State.FAILED,
                content=None,
                failure=f"No worker could be told, since Valkey does not answer: {error}. Import it again.",
            )

    transaction.on_commit(tell)
