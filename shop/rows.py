"""The rows of the home page that are the visitor's own, made from what they looked at."""

from collections import Counter
from dataclasses import dataclass

from recommendations.selectors import list_of_visitor
from shop.models import Product

LOOKED_AT = 12
"""Products of their history that say which category is theirs."""


@dataclass(frozen=True, slots=True)
class OwnRows:
    """`like` is the product that they looked at last; both are None for somebody who has looked at nothing."""

    like: Product | None = None
    category_slug: str | None = None
    category_name: str | None = None


def own_rows(visitor_id: str) -> OwnRows:
    ids = [item["productId"] for item in list_of_visitor("recent", visitor_id, LOOKED_AT)["items"]]
    if not ids:
        return OwnRows()
    looked_at = {
        product.product_id: product
        for product in Product.objects.filter(product_id__in=ids).select_related("category")
    }
    newest_first = [looked_at[product_id] for product_id in ids if product_id in looked_at]
    if not newest_first:
        return OwnRows()
    (category, _), *_ = Counter(product.category for product in newest_first).most_common(1)
    return OwnRows(newest_first[0], category.slug, category.name)
