"""Reads of the lists, for pages, API and socket alike. The shape is DESIGN's; `sql/serving.sql` makes it whole.

Each list is one statement, however long it is.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from recommendations.asking import Asked, products_asked, visitor_asked
from recommendations.rules.models import ListName

List = dict[str, Any]
"""{"type": "recommendations", "visitorId", "version", "asOf", "items": [...]}"""
MAX_SLOTS = 24
"""Items of a list on a page: what each message of the socket carries."""


def list_for_visitor(visitor_id: str, limit: int = 12, category: str | None = None) -> List:
    """The visitor's stored list, filled up with what is trending and popular.

    It is filled from the category of their newest product first: one without neighbours moves the list as well.

    `version` is 0 for a visitor without a product event.
    """
    return list_of_visitor(ListName.VISITOR, visitor_id, limit, category)


def list_of_visitor(list_name: str, visitor_id: str, limit: int = 12, category: str | None = None) -> List:
    """One of `asking.OF_A_VISITOR`: for them, to buy again, recently viewed."""
    return serve(visitor_asked(visitor_id, list_name) | {"limit": limit, "category": category})


def list_of_product(list_name: str, product_id: str, limit: int = 12, category: str | None = None) -> List:
    """One of `asking.OF_A_PRODUCT`: similar to it, bought together with it."""
    return serve({"list": list_name, "product": product_id, "limit": limit, "category": category})


def list_of_everybody(list_name: str, limit: int = 12, category: str | None = None) -> List:
    """One of `asking.OF_EVERYBODY`: trending, new."""
    return serve({"list": list_name, "limit": limit, "category": category})


def version_of_list(visitor_id: str) -> int:
    """The version of the visitor's list; 0 where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT recommendations_list_version(%s)", [visitor_id])
        return int(cursor.fetchone()[0] or 0)


def list_for_products(
    products: Sequence[str],
    limit: int = 12,
    category: str | None = None,
    as_of: datetime | None = None,
    unlisted: bool = False,
) -> List:
    """The list for somebody whose newest products are these, newest last; they are left out of it.

    `as_of` computes the similarities from the facts as of that moment instead of reading the stored ones;
    `unlisted` gives bare ids, also of products that the catalogue does not know, and nothing to fill up with.
    """
    return serve(products_asked(products, as_of, unlisted) | {"limit": limit, "category": category})


def similar_products(product_id: str, limit: int = 12, category: str | None = None) -> List:
    """The products most similar to one, as Spark stored them."""
    return list_of_product(ListName.SIMILAR, product_id, limit, category)


def trending_products(limit: int = 12, category: str | None = None) -> List:
    """What is trending, then what is popular."""
    return list_of_everybody(ListName.TRENDING, limit, category)


def serve(asked: Asked) -> List:
    """The list that is asked for as `recommendations_serve` takes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT recommendations_serve(%s)", [json.dumps(asked)])
        (content,) = cursor.fetchone()
    made: List = json.loads(content)
    return made
