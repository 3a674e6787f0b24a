"""Small things that the shop's templates say often."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import template
from django.core.paginator import Page

from shop import selectors
from shop.models import Category, Product

register = template.Library()


@register.filter
def euros(amount: Decimal) -> str:
    return f"€{amount:,.2f}"


@register.simple_tag
def page_numbers(page: Page[Product]) -> Iterable[int | str]:
    """The numbers to link to, with an ellipsis where some are left out."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)


@register.inclusion_tag("shop/_products.html")
def product_grid(products: Iterable[Product], list_id: str, first: int = 1, eager: int = 0) -> dict[str, Any]:
    """Product cards as one tracked list. `first` is the position of the first card, counted from 1;
    `eager` says how many pictures are likely in view and so not loaded lazily."""
    return {"products": enumerate(products, start=first), "list_id": list_id, "last_eager": first + eager - 1}


@register.simple_tag
def departments_of_the_shop() -> list[tuple[str, list[Category]]]:
    """For pages that no view of the shop renders, such as 404."""
    return selectors.departments()
