"""The catalogue in the admin: what is in stock and what is hidden can be changed, the rest is loaded."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from shop.facts.pages import show
from shop.importing.admin import CatalogueImportAdmin as CatalogueImportAdmin
from shop.models import Category, Product
from shop.orders.admin import OrderAdmin as OrderAdmin
from shop.stock.inventory import set_counts
from shop.stock.projection import StockLevels


class Loaded(ModelAdmin):  # type: ignore[misc]
    """Rows that `load_catalogue` makes: here they are neither added nor deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Product)
class ProductAdmin(Loaded):
    list_display = ["picture", "name", "product_id", "category", "price", "stock", "hidden"]
    list_display_links = ["name"]
    list_filter = ["category", "hidden"]
    list_select_related = ["category"]
    list_editable = ["stock", "hidden"]
    search_fields = ["name", "product_id", "brand"]
    fields = [
        "name",
        "product_id",
        "brand",
        "category",
        "price",
        "description",
        "stock",
        "consumable",
        "hidden",
    ]
    readonly_fields = ["name", "product_id", "brand", "category", "price", "description"]
    ordering = ["category__position", "name"]

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        """A count is a fact like an order's reservations: it is not written over them."""
        counted = obj.stock
        if "stock" in form.changed_data:
            obj.stock = Product.objects.values_list("stock", flat=True).get(pk=obj.pk)
        super().save_model(request, obj, form, change)
        if "stock" in form.changed_data:
            set_counts({obj.product_id: counted})
            show(StockLevels())

    @admin.display(description="")
    def picture(self, product: Product) -> str:
        return format_html('<img src="{}" alt="" width="40" height="40">', product.picture_url)


@admin.register(Category)
class CategoryAdmin(Loaded):
    list_display = ["name", "slug", "department", "position"]
    readonly_fields = ["slug", "department", "hue", "shape", "colour"]
    search_fields = ["name", "slug"]
