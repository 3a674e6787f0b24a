"""What the address of a list asks for: filters, order and page. Whatever it says, a list comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from django.http import QueryDict

LONGEST_QUERY: Final = 100
MOST_CHOICES: Final = 50
PRICE_EDGES: Final = (10, 20, 50, 100, 200, 500)
"""In euros: a band begins at each of them and at 0, and ends below the next."""
STARS: Final = (4, 3, 2)


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of a list. Within `categories` and `brands` any will do; all the others must hold."""

    query: str = ""
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    band: int | None = None
    """The number of a price band, from 0."""
    stars: int | None = None
    """So many at the least."""
    in_stock: bool = False
    sort: str = ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.categories or self.brands or self.in_stock) or None not in (self.band, self.stars)

    def without_filters(self) -> "Asked":
        return Asked(query=self.query, sort=self.sort)

    def address(self, **changes: object) -> str:
        """The query string of the first page of this list, with changes; it ends so that `page=` can follow."""
        asked = replace(self, **changes) if changes else self  # type: ignore[arg-type]  # names of fields
        said: list[tuple[str, str]] = [("q", asked.query)] if asked.query else []
        said += [("category", slug) for slug in asked.categories]
        said += [("brand", brand) for brand in asked.brands]
        said += [("price", band_name(asked.band))] if asked.band is not None else []
        said += [("rating", str(asked.stars))] if asked.stars else []
        said += [("stock", "in")] if asked.in_stock else []
        said += [("sort", asked.sort)] if asked.sort else []
        return urlencode(said)


def asked_in(given: QueryDict, sorts: Mapping[str, object]) -> Asked:
    """What cannot be asked for is left out. `sorts` are those that the list knows; the first is its own."""
    sort = given.get("sort", "")
    stars = given.get("rating", "")
    return Asked(
        query=plain(given.get("q", ""))[:LONGEST_QUERY],
        categories=_choices(given, "category"),
        brands=_choices(given, "brand"),
        band={band_name(band): band for band in range(len(PRICE_EDGES) + 1)}.get(given.get("price", "")),
        stars=int(stars) if stars in map(str, STARS) else None,
        in_stock=given.get("stock") == "in",
        sort=sort if sort in sorts and sort != next(iter(sorts)) else "",
    )


def band_name(band: int) -> str:
    """As it stands in addresses: "10-20", and "500-" for the last."""
    low, high = band_edges(band)
    return f"{low}-{high or ''}"


def band_edges(band: int) -> tuple[int, int | None]:
    """In euros, from the first up to the second; None is without end."""
    edges = (0, *PRICE_EDGES)
    return edges[band], edges[band + 1] if band + 1 < len(edges) else None


def plain(said: str) -> str:
    return said.replace("\x00", " ").strip()


def _choices(given: QueryDict, name: str) -> tuple[str, ...]:
    said = (plain(value) for value in given.getlist(name)[:MOST_CHOICES])
    return tuple(dict.fromkeys(value for value in said if value))
