"""What a list can be narrowed to, with how many products each choice would show.

A choice counts what the other filters leave, so that nobody is led to an empty list. All counts come of one statement:
the products by every combination of what can be chosen; there are few combinations, however many products there are.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Floor

from shop.finding.asked import PRICE_EDGES, STARS, Asked, band_edges, band_name
from shop.models import Product

MOST_BRANDS = 12
T = TypeVar("T", str, int)


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facets:
    total: int
    """Products that pass all filters."""
    categories: list[Choice]
    brands: list[Choice]
    bands: list[Choice]
    stars: list[Choice]
    in_stock: Choice


@dataclass(frozen=True, slots=True)
class Combination:
    category: str
    category_name: str
    brand: str
    band: int
    stars: int
    has_stock: bool
    count: int


def facets_of(products: QuerySet[Product], asked: Asked) -> Facets:
    """Of products that no filter has been applied to yet."""
    tests: dict[str, Callable[[Combination], bool]] = {
        "category": lambda each: not asked.categories or each.category in asked.categories,
        "brand": lambda each: not asked.brands or each.brand in asked.brands,
        "band": lambda each: asked.band is None or each.band == asked.band,
        "stars": lambda each: each.stars >= (asked.stars or 0),
        "stock": lambda each: each.has_stock or not asked.in_stock,
    }
    every = _combinations(products)

    def left(besides: str = "") -> list[Combination]:
        judges = [test for name, test in tests.items() if name != besides]
        return [each for each in every if all(test(each) for test in judges)]

    stars = left(besides="stars")
    return Facets(
        total=sum(each.count for each in left()),
        categories=_categories(left(besides="category"), asked),
        brands=_brands(left(besides="brand"), asked),
        bands=_bands(left(besides="band"), asked),
        stars=[
            Choice(str(n), f"{n} stars and more", _sum(e for e in stars if e.stars >= n), asked.stars == n)
            for n in STARS
        ],
        in_stock=Choice(
            "in", "In stock", _sum(e for e in left(besides="stock") if e.has_stock), asked.in_stock
        ),
    )


def filtered(products: QuerySet[Product], asked: Asked) -> QuerySet[Product]:
    """Those that pass every filter."""
    conditions = Q()
    if asked.categories:
        conditions &= Q(category__slug__in=asked.categories)
    if asked.brands:
        conditions &= Q(brand__in=asked.brands)
    if asked.band is not None:
        low, high = band_edges(asked.band)
        conditions &= Q(price__gte=low) & (Q(price__lt=high) if high else Q())
    if asked.stars:
        conditions &= Q(rating__gte=asked.stars)
    if asked.in_stock:
        conditions &= Q(stock__gt=0)
    return products.filter(conditions)


def _combinations(products: QuerySet[Product]) -> list[Combination]:
    band = Case(
        *(When(price__lt=edge, then=Value(number)) for number, edge in enumerate(PRICE_EDGES)),
        default=Value(len(PRICE_EDGES)),
        output_field=IntegerField(),
    )
    rows = (
        products.order_by()
        .values(
            "category__slug",
            "category__name",
            "brand",
            band=band,
            stars=Floor(F("rating")),
            has_stock=Case(When(stock__gt=0, then=Value(True)), default=Value(False)),
        )
        .annotate(count=Count("pk"))
        .values_list("category__slug", "category__name", "brand", "band", "stars", "has_stock", "count")
    )
    return [
        Combination(slug, name, brand, band, int(stars or 0), has_stock, count)
        for slug, name, brand, band, stars, has_stock, count in rows
    ]


def _categories(found: list[Combination], asked: Asked) -> list[Choice]:
    names = {each.category: each.category_name for each in found}
    counts = _counts((each.category, each.count) for each in found)
    return [
        Choice(slug, names[slug], count, slug in asked.categories)
        for slug, count in sorted(counts.items(), key=lambda item: names[item[0]])
    ]


def _brands(found: list[Combination], asked: Asked) -> list[Choice]:
    """Those with most products, and the chosen ones."""
    counts = _counts((each.brand, each.count) for each in found)
    most = [brand for brand, _ in counts.most_common(MOST_BRANDS)]
    shown = sorted({*most, *(brand for brand in asked.brands if brand in counts)})
    return [Choice(brand, brand, counts[brand], brand in asked.brands) for brand in shown]


def _bands(found: list[Combination], asked: Asked) -> list[Choice]:
    counts = _counts((each.band, each.count) for each in found)
    shown = sorted(counts.keys() | ({asked.band} if asked.band is not None else set()))
    return [Choice(band_name(band), _label(band), counts[band], band == asked.band) for band in shown]


def _label(band: int) -> str:
    low, high = band_edges(band)
    if high is None:
        return f"€{low} and more"
    return f"€{low} to €{high}" if low else f"Under €{high}"


def _counts(pairs: Iterable[tuple[T, int]]) -> Counter[T]:
    counts: Counter[T] = Counter()
    for value, count in pairs:
        counts[value] += count
    return counts


def _sum(found: Iterable[Combination]) -> int:
    return sum(each.count for each in found)
