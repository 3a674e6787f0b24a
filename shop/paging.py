"""Pages of a list of products."""

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from shop.models import Product

PAGE_SIZE = 24


def page_of(products: QuerySet[Product], asked: str | None, length: int | None = None) -> Page[Product]:
    """The page of `?page=`: the first for what is no number, the nearest for one out of range.

    With the list's `length` where it is known already, it is not counted again.
    """
    pages = Paginator(products, PAGE_SIZE)
    if length is not None:
        pages.count = length
    number = int(asked) if asked and asked.isascii() and asked.isdigit() and len(asked) < 10 else 1
    return pages.page(min(max(number, 1), pages.num_pages))
