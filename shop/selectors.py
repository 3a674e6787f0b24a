"""What the pages read."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby

from django.db.models import F, OrderBy, QuerySet
from django.db.models.functions import Abs

from shop.models import LOW_STOCK, Category, Product

Sort = tuple[str, Sequence[str | OrderBy]]
SORTS: dict[str, Sort] = {
    "newest": ("Newest", ["-created_at", "product_id"]),
    "price": ("Price, low to high", ["price", "product_id"]),
    "-price": ("Price, high to low", ["-price", "-product_id"]),
    "rating": ("Best rated", [F("rating").desc(nulls_last=True), "-review_count", "product_id"]),
    "name": ("Name", ["name", "product_id"]),
}
"""The values of `?sort=`, what each is called and how it orders; the first is the default."""
DEFAULT_SORT = next(iter(SORTS))


def products_shown() -> QuerySet[Product]:
    return Product.objects.filter(hidden=False).select_related("category")


def departments() -> list[tuple[str, list[Category]]]:
    """The menu: each department's categories, in one query."""
    return [(name, list(group)) for name, group in groupby(Category.objects.all(), lambda c: c.department)]


def newest_products(limit: int) -> list[Product]:
    return list(products_shown().filter(stock__gt=0).order_by("-created_at", "product_id")[:limit])


def newest_products_under(price: Decimal, limit: int, besides: Iterable[Product] = ()) -> list[Product]:
    """The newest that cost less than `price` and can be had, none of them among `besides`."""
    found = products_shown().filter(stock__gt=0, price__lt=price).exclude(pk__in=[p.pk for p in besides])
    return list(found.order_by("-created_at", "product_id")[:limit])


def last_of_their_kind(limit: int, besides: Iterable[Product] = ()) -> list[Product]:
    """Products with only a few left, the fewest first, none of them among `besides`."""
    found = products_shown().filter(stock__gt=0, stock__lte=LOW_STOCK).exclude(pk__in=[p.pk for p in besides])
    return list(found.order_by("stock", "-created_at", "product_id")[:limit])


def products_near(product: Product, limit: int) -> list[Product]:
    """Others of the same category, those nearest in price first."""
    others = products_shown().filter(category=product.category_id).exclude(pk=product.pk)
    return list(others.order_by(Abs(F("price") - product.price), "product_id")[:limit])
