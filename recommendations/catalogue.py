"""The one thing that recommendations must be told by the site that uses them: what its products are."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class CatalogueProduct:
    """A product as a list shows it; `category` is what `in_category` takes, `category_name` what people read."""

    product_id: str
    title: str
    url: str
    image: str
    price: Decimal
    currency: str
    category: str
    category_name: str
    available: bool


class Catalogue(Protocol):
    """What `RECOMMENDATIONS_CATALOGUE` names: a class without arguments that knows the site's products."""

    def products(self, product_ids: Sequence[str]) -> dict[str, CatalogueProduct]:
        """The products with these ids, by id, in one query; an id that is unknown is left out."""
        ...

    def in_category(self, category: str) -> list[str]:
        """The ids of a category's products; of an unknown category none."""
        ...


@cache
def catalogue() -> Catalogue:
    """The site's catalogue. Raises ImproperlyConfigured where the setting does not name one."""
    try:
        found: Catalogue = import_string(settings.RECOMMENDATIONS_CATALOGUE)()
    except ImportError as error:
        raise ImproperlyConfigured(
            f"RECOMMENDATIONS_CATALOGUE={settings.RECOMMENDATIONS_CATALOGUE!r} cannot be imported: {error}"
        ) from error
    return found
