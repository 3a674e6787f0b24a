from typing import Any
from urllib.parse import urlsplit

from django import template
from django.template.context import Context

from recommendations.asking import OF_A_PRODUCT, OF_A_VISITOR
from recommendations.selectors import (
    MAX_SLOTS,
    list_for_visitor,
    list_of_everybody,
    list_of_product,
    list_of_visitor,
)

register = template.Library()

# What static/recommendations/card.js says too; a test holds the two together.
REASONS = {
    "viewed": "Because you looked at {title}",
    "added": "Because you added {title}",
    "bought": "Because you bought {title}",
    "together": "Bought together with {title}",
    "again": "You bought it before",
    "recent": "You looked at it",
    "trending": "Trending now",
    "popular": "Popular",
    "new": "New in the shop",
    "exploration": "New in the shop: have a look",
    "pinned": "Picked by the shop",
}
IN_CATEGORY = {
    "trending": "Trending in {category}",
    "popular": "Popular in {category}",
    "origin": "Popular with visitors from {category}",
}
OTHERWISE = "Recommended for you"
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}


@register.inclusion_tag("recommendations/list.html", takes_context=True)
def recommendation_list(
    context: Context, limit: int = 6, heading: str = "Recommended for you"
) -> dict[str, Any]:
    """The asking visitor's list, with `limit` slots, 24 at most; it keeps itself current where there is JavaScript."""
    limit = min(limit, MAX_SLOTS)
    return strip(list_for_visitor(context["request"].visitor_id, limit), limit, heading)


@register.inclusion_tag("recommendations/still.html", takes_context=True)
def further_list(
    context: Context, list_name: str, heading: str, product_id: str = "", limit: int = 6, category: str = ""
) -> dict[str, Any]:
    """Another of the lists, of the asking visitor or of a product, as it was when the page was made; nothing where it
    is empty. With a category only products of it. Clicks in it count for the list of its name."""
    within = category or None
    if list_name in OF_A_PRODUCT:
        found = list_of_product(list_name, product_id, limit, within)
    elif list_name in OF_A_VISITOR:
        found = list_of_visitor(list_name, context["request"].visitor_id, limit, within)
    else:
        found = list_of_everybody(list_name, limit, within)
    return {"list_name": list_name, "items": found["items"], "heading": heading}


def strip(recommendations: dict[str, Any], limit: int, heading: str) -> dict[str, Any]:
    """What the template needs of a list; a slot without an item holds its place with None."""
    items = recommendations["items"][:limit]
    return {
        "list": recommendations,
        "slots": [*items, *[None] * (limit - len(items))],
        "heading": heading,
    }


@register.filter
def reason_text(reason: dict[str, str | None]) -> str:
    if category := reason.get("category"):
        return IN_CATEGORY.get(str(reason["kind"]), OTHERWISE).format(category=category)
    return REASONS.get(str(reason["kind"]), OTHERWISE).format(
        title=reason.get("title") or "something like it"
    )


@register.simple_tag
def price_text(price: float, currency: str) -> str:
    return f"{SYMBOLS.get(currency, f'{currency} ')}{price:,.2f}"


@register.filter
def is_web_address(address: str) -> bool:
    """Whether it is a web address, relative or whole: `javascript:` and the like are not."""
    return urlsplit(address).scheme in {"", "http", "https"}
