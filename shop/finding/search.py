"""Finds products by words, also by misspelt ones. The rules of it stand in `shop/sql/search.sql`."""

from dataclasses import dataclass
from enum import StrEnum

from django.contrib.postgres.search import SearchQueryField, SearchRank
from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.db.models.expressions import Combinable

from shop.finding.asked import plain
from shop.models import Product
from shop.selectors import products_shown


class Match(StrEnum):
    EXACT = "exact"
    MENDED = "mended"
    """Nothing has all the words as they were written, but as they were most likely meant."""
    SOME = "some"
    """Nothing has all of them either way; these have some."""


@dataclass(frozen=True, slots=True)
class Found:
    """`words` are those that were searched for: where the match is not exact, not what was asked."""

    products: QuerySet[Product]
    words: str
    match: Match = Match.EXACT


class _Matches(Func):
    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field = BooleanField()


def search(query: str) -> Found:
    """Unordered, each with its `relevance`; none for a query without a word."""
    asked = plain(query)
    exact = _matching(asked, "shop_query")
    if not asked or exact.exists():
        return Found(exact, asked)
    meant = mended(asked)
    if meant != asked.lower() and (found := _matching(meant, "shop_query")).exists():
        return Found(found, meant, Match.MENDED)
    some = _matching(meant, "shop_query_of_any")
    return Found(some, meant, Match.SOME) if some.exists() else Found(exact, asked)


def mended(query: str) -> str:
    """The query in small letters, with each word that finds nothing replaced by the nearest that finds something."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT shop_mended(%s)", [query])
        meant: str = cursor.fetchone()[0]
    return meant


def _matching(words: str, function: str) -> QuerySet[Product]:
    asked: Combinable = Func(Value(words), function=function, output_field=SearchQueryField())
    entry = F("search_entry__words")
    return products_shown().filter(_Matches(entry, asked)).annotate(relevance=SearchRank(entry, asked))
