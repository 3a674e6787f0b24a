"""The operator's rules: set in a form, shown at work before they are saved, and each change in the history."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin
from unfold.decorators import display

from recommendations.rules.form import FIELDS, RuleForm
from recommendations.rules.models import ListName, Rule
from recommendations.rules.preview import default_list, example_for, preview_of

SETTINGS = (
    "products",
    "categories",
    "price_from",
    "price_to",
    "bought",
    "in_basket",
    "factor",
    "place",
    "most",
)


@admin.register(Rule)
class RuleAdmin(ModelAdmin):  # type: ignore[misc]
    form = RuleForm
    fieldsets = (
        (None, {"fields": ("name", "kind", "is_active")}),
        ("What it does", {"fields": SETTINGS}),
        ("Where and when", {"fields": ("lists", "starts_at", "ends_at", "in_set")}),
    )
    conditional_fields = {
        name: " || ".join(f"kind == '{kind}'" for kind, fields in FIELDS.items() if name in fields)
        for name in SETTINGS
    }
    list_display = ("name", "kind", "where", "now", "starts_at", "ends_at")
    list_filter = ("kind", "is_active")
    search_fields = ("name",)
    list_before_template = "recommendations/admin/explanation.html"
    change_form_outer_after_template = "recommendations/admin/rule_effect.html"
    explanation = (
        "What the lists obey besides what visitors do. Sold-out and hidden products are left out of every list without"
        " a rule. A rule holds from the next list that is asked for."
    )

    @admin.display(description="Lists")
    def where(self, rule: Rule) -> str:
        return ", ".join(ListName(name).label for name in rule.lists) or "All"

    @display(description="Now", label={"on": "success", "off": "default"})  # type: ignore[untyped-decorator]
    def now(self, rule: Rule) -> str:
        return "on" if rule.applies_to(default_list(rule)) else "off"

    def get_urls(self) -> list[URLPattern]:
        effect = path("effect/", self.admin_site.admin_view(self.effect), name="recommendations_rule_effect")
        return [effect, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        extra = {"effect_lists": ListName.choices, "effect_rule": object_id or ""}
        response: HttpResponse = super().changeform_view(
            request, object_id, form_url, {**extra, **(extra_context or {})}
        )
        return response

    def effect(self, request: HttpRequest) -> HttpResponse:
        """The lists before and after, of what stands in the form: nothing is saved."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        given = request.POST.get("effect_rule", "")
        saved = Rule.objects.filter(pk=int(given)).first() if given.isdecimal() else None
        form = RuleForm(request.POST, instance=saved)
        context: dict[str, Any] = {"errors": form.errors}
        if form.is_valid():
            draft = form.save(commit=False)
            asked = request.POST.get("effect_list", "")
            list_name = asked if asked in ListName.values else default_list(draft)
            example = request.POST.get("effect_example", "").strip() or example_for(list_name)
            context |= {
                "preview": preview_of(draft, list_name, example),
                "example": example,
                "list_label": ListName(list_name).label,
            }
        return TemplateResponse(request, "recommendations/admin/rule_preview.html", context)
