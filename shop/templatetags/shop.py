"""Small things that the shop's templates say often."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import template
from django.core.paginator import Page
from django.template.context import Context

from shop import selectors
from shop.basket import selectors as selectors_of_baskets
from shop.basket.customers import customer_of
from shop.models import Category, Product
from shop.wishes.wishes import wished_ids

register = template.Library()


@register.filter
def euros(amount: Decimal) -> str:
    return f"€{amount:,.2f}"


@register.simple_tag
def page_numbers(page: Page[Product]) -> Iterable[int | str]:
    """The numbers to link to, with an ellipsis where some are left out."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)


@register.inclusion_tag("shop/_products.html", takes_context=True)
def product_grid(
    context: Context,
    products: Iterable[Product],
    list_id: str,
    first: int = 1,
    eager: int = 0,
    removable: bool = False,
) -> dict[str, Any]:
    """Product cards as one tracked list. `first` is the position of the first card, counted from 1;
    `eager` says how many pictures are likely in view and so not loaded lazily; `removable` adds buttons that take
    them off the wish list."""
    return {
        "products": enumerate(products, start=first),
        "list_id": list_id,
        "last_eager": first + eager - 1,
        "removable": removable,
        "csrf_token": context.get("csrf_token"),
    }


@register.simple_tag(takes_context=True)
def is_wished(context: Context, product: Product) -> bool:
    return product.product_id in wished_ids(context["request"])


@register.simple_tag(takes_context=True)
def wish_count(context: Context) -> int | str:
    """Nothing where there is none."""
    return len(wished_ids(context["request"])) or ""


@register.simple_tag
def departments_of_the_shop() -> list[tuple[str, list[Category]]]:
    """For pages that no view of the shop renders, such as 404."""
    return selectors.departments()


@register.simple_tag(takes_context=True)
def things_in_basket(context: dict[str, Any]) -> int:
    """How many the visitor of the page has in the basket."""
    return selectors_of_baskets.things_in_basket(customer_of(context["request"]))
