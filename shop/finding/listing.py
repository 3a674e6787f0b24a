"""A page of a list as its visitor narrowed it down and ordered it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.core.paginator import Page
from django.db.models import QuerySet

from shop.finding.asked import Asked
from shop.finding.facets import Facets, facets_of, filtered
from shop.models import Product
from shop.paging import page_of
from shop.selectors import SORTS, Sort

BY_RELEVANCE: dict[str, Sort] = {"best": ("Best match", ["-relevance", "product_id"]), **SORTS}
"""How search results are ordered: as other lists, and first of all by how well they fit."""


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    address: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    asked: Asked
    facets: Facets
    page: Page[Product]
    sorts: list[Link]

    @property
    def page_query(self) -> str:
        """What stands before `page=` in the addresses of the other pages."""
        address = self.asked.address()
        return f"{address}&" if address else ""

    @property
    def chosen(self) -> list[Link]:
        """Each filter that holds, with the address of the list without it."""
        asked, facets = self.asked, self.facets
        categories = {choice.value: choice.label for choice in facets.categories}
        links = [
            Link(categories.get(slug, slug), asked.address(categories=_without(asked.categories, slug)))
            for slug in asked.categories
        ]
        links += [Link(brand, asked.address(brands=_without(asked.brands, brand))) for brand in asked.brands]
        links += [Link(band.label, asked.address(band=None)) for band in facets.bands if band.chosen]
        links += [Link(stars.label, asked.address(stars=None)) for stars in facets.stars if stars.chosen]
        links += [Link("In stock", asked.address(in_stock=False))] if asked.in_stock else []
        return links

    @property
    def without_filters(self) -> str:
        return self.asked.without_filters().address()


def list_products(
    products: QuerySet[Product], asked: Asked, page: str | None, sorts: Mapping[str, Sort]
) -> Listing:
    default = next(iter(sorts))
    current = asked.sort or default
    facets = facets_of(products, asked)
    ordered = filtered(products, asked).order_by(*sorts[current][1])
    links = [
        Link(label, replace(asked, sort="" if value == default else value).address(), value == current)
        for value, (label, _) in sorts.items()
    ]
    return Listing(asked, facets, page_of(ordered, page, facets.total), links)


def _without(values: tuple[str, ...], left_out: str) -> tuple[str, ...]:
    return tuple(value for value in values if value != left_out)
