"""A site's catalogue as small as it can be: what `RECOMMENDATIONS_CATALOGUE` names in these tests."""

from collections.abc import Sequence
from decimal import Decimal

from recommendations.catalogue import CatalogueProduct

CATEGORIES = ("tea", "mug", "cake")
SOLD_OUT = "tea-99"


class Goods:
    """Knows "tea-1" to "tea-99", the mugs and the cakes; has one that is sold out."""

    def products(self, product_ids: Sequence[str]) -> dict[str, CatalogueProduct]:
        return {product_id: described(product_id) for product_id in product_ids if is_known(product_id)}

    def in_category(self, category: str) -> list[str]:
        return [f"{category}-{number}" for number in range(1, 100)] if category in CATEGORIES else []


def is_known(product_id: str) -> bool:
    category, _, number = product_id.partition("-")
    return category in CATEGORIES and number in map(str, range(1, 100))


def described(product_id: str) -> CatalogueProduct:
    category, _, number = product_id.partition("-")
    return CatalogueProduct(
        product_id=product_id,
        title=f"{category.title()} number {number}",
        url=f"/p/{product_id}/",
        image=f"/pictures/{product_id}.svg",
        price=Decimal("12.50"),
        currency="EUR",
        category=category,
        category_name=f"{category.title()}s",
        available=product_id != SOLD_OUT,
    )
