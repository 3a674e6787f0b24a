"""What the shoppers know of the goods: what is on each category's page, in the order shown there."""

from dataclasses import dataclass
from urllib.parse import quote

from shop.art.palette import COLOURS
from shop.models import Product
from shop.selectors import DEFAULT_SORT, SORTS, products_shown


@dataclass(frozen=True, slots=True)
class Good:
    product_id: str
    name: str
    path: str
    price: float
    category: str
    colour_family: str
    list_id: str
    position: int
    """Where it stands in its category's list, from 1."""


Shelves = dict[str, list[Good]]
"""The goods of each category, in the order of its page."""


def read_shelves() -> Shelves:
    """The shop's shelves as they are now, from the database."""
    shelves: Shelves = {}
    for product in products_shown().order_by("category", *SORTS[DEFAULT_SORT][1]):
        shelf = shelves.setdefault(product.category.slug, [])
        shelf.append(_good(product, len(shelf) + 1))
    return shelves


def category_path(category: str) -> str:
    return f"/c/{quote(category)}/"


def _good(product: Product, position: int) -> Good:
    return Good(
        product_id=product.product_id,
        name=product.name,
        path=product.get_absolute_url(),
        price=float(product.price),
        category=product.category.slug,
        colour_family=COLOURS[product.colour].family,
        list_id=product.category.list_id,
        position=position,
    )
