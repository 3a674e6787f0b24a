"""The one thing that recommendations must be told by the site that uses them: what its products are.

The site names expressions over its own tables; they become the view `recommendations_product`, so that lists are joined
with the products, filtered and cut to their length in the database, and what the site writes counts at once.
"""

from dataclasses import dataclass, fields
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable
from django.utils.module_loading import import_string

Column = Combinable | Q | str


@dataclass(frozen=True, kw_only=True)
class ProductColumns:
    """A site's products: a queryset, and for each column of the view an expression over it, or a field's name.

    Each id may come once, and should stand in a unique index: lists look products up by it. `category` is what
    `?category=` takes and should be indexed too, `category_name` is what people read. `consumable` says whether it is
    used up: other products are no longer suggested to who bought them.
    """

    of: QuerySet[Any]
    product_id: Column
    title: Column
    url: Column
    image: Column
    price: Column
    currency: Column
    category: Column
    category_name: Column
    available: Column
    hidden: Column
    consumable: Column
    added_at: Column

    def rows(self) -> QuerySet[Any, tuple[Any, ...]]:
        """The columns, in the order of `COLUMNS`."""
        expressions = (getattr(self, name) for name in COLUMNS)
        return self.of.order_by().values_list(
            *(F(each) if isinstance(each, str) else each for each in expressions)
        )


COLUMNS = tuple(field.name for field in fields(ProductColumns) if field.name != "of")


class Catalogue(Protocol):
    """What `RECOMMENDATIONS_CATALOGUE` names: a class without arguments that knows the site's products."""

    def products(self) -> ProductColumns: ...


def catalogue() -> Catalogue:
    """The site's catalogue. Raises ImproperlyConfigured where the setting does not name one."""
    try:
        found: Catalogue = import_string(settings.RECOMMENDATIONS_CATALOGUE)()
    except ImportError as error:
        raise ImproperlyConfigured(
            f"RECOMMENDATIONS_CATALOGUE={settings.RECOMMENDATIONS_CATALOGUE!r} cannot be imported: {error}"
        ) from error
    return found
