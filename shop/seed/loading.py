"""Puts the demo catalogue into the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction
from django.db.models import Model

from shop.models import Category, Product, Review
from shop.seed.goods import demo_catalogue
from shop.seed.reviews import sample_reviews

CATEGORY_FIELDS = ["name", "department", "description", "position", "hue", "shape", "colour"]
PRODUCT_FIELDS = [
    *("category_id", "name", "brand", "description", "attributes", "price", "consumable", "created_at"),
    *("shape", "colour", "pattern", "width", "height"),
]
"""What a reload brings up to date. Stock and `hidden` belong to the running shop once a product is there."""

M = TypeVar("M", bound=Model)


@dataclass(slots=True)
class Changes:
    added: int = 0
    changed: int = 0
    unchanged: int = 0


def load_demo_catalogue(progress: Callable[[str], None] = lambda category: None) -> Changes:
    """Adds what is missing and mends what differs; one that is right already is not written.

    Products that are not of the demo catalogue are left alone. `progress` is told of each finished category.
    """
    changes = Changes()
    stored = {product.product_id: product for product in Product.objects.all()}
    with transaction.atomic():
        for category, products in demo_catalogue():
            owner = _upsert_category(category)
            for product in products:
                product.category = owner
            _upsert_products(products, stored, changes)
            _add_sample_reviews(category.slug)
            progress(category.name)
    return changes


def _upsert_category(category: Category) -> Category:
    values = {field: getattr(category, field) for field in CATEGORY_FIELDS}
    stored, created = Category.objects.get_or_create(slug=category.slug, defaults=values)
    if not created and _differs(stored, category, CATEGORY_FIELDS):
        Category.objects.filter(pk=stored.pk).update(**values)
    return stored


def _upsert_products(products: list[Product], stored: dict[str, Product], changes: Changes) -> None:
    added = [product for product in products if product.product_id not in stored]
    changed = [
        product
        for product in products
        if product.product_id in stored and _differs(stored[product.product_id], product, PRODUCT_FIELDS)
    ]
    if added or changed:
        Product.objects.bulk_create(
            added + changed,
            update_conflicts=True,
            unique_fields=["product_id"],
            update_fields=[field.removesuffix("_id") for field in PRODUCT_FIELDS],
        )
    changes.added += len(added)
    changes.changed += len(changed)
    changes.unchanged += len(products) - len(added) - len(changed)


def _add_sample_reviews(category_slug: str) -> None:
    """For those that have none: a product whose samples an operator took away in part keeps what is left."""
    without = Product.objects.filter(category__slug=category_slug).exclude(
        reviews__user=None, reviews__isnull=False
    )
    Review.objects.bulk_create(review for product in without for review in sample_reviews(product))


def _differs(stored: M, wanted: M, fields: Sequence[str]) -> bool:
    return any(getattr(stored, field) != getattr(wanted, field) for field in fields)
