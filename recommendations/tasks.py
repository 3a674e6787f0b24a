"""Periodic work on the model; the schedule stands in config/settings.py."""

from typing import Any, Final

from celery import shared_task
from django.db import connection, transaction

from recommendations.models import Model

RANKED_PRODUCTS = 300
"""How many products the trending and the popular list keep."""
PRODUCTS_OF_A_CATEGORY = 100
"""How many of each category."""
PRODUCTS_OF_AN_ORIGIN = 50
PAIRS_PER_PRODUCT = 200
MOST_GROWTH: Final = 2.0**200
"""The landmark moves when an event now is stored this many times heavier than at it: with 60 days after 33 years."""


@shared_task
def refresh_trending() -> None:
    """Ranks trending, popular and new products anew."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT recommendations_refresh_ranked(now(), %s)", [RANKED_PRODUCTS])


@shared_task
def refresh_categories() -> None:
    """Ranks trending and popular products of each category anew: it looks at every product that was looked at."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT recommendations_refresh_categories(now(), %s)", [PRODUCTS_OF_A_CATEGORY])


@shared_task
def refresh_origins() -> None:
    """Ranks anew what is popular with those who came from one place."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT recommendations_refresh_origins(now(), %s)", [PRODUCTS_OF_AN_ORIGIN])


@shared_task
def prune_pairs() -> int:
    """Removes the pairs that are among the top 200 of neither product, in each model; returns how many."""
    return sum(
        int(of_model(schema, "SELECT recommendations_prune_pairs(%s)", PAIRS_PER_PRODUCT))
        for schema in _folded()
    )


@shared_task
def move_landmarks() -> int:
    """Moves the landmark of each model whose new events weigh too much as of the old one; returns how many."""
    return sum(
        bool(of_model(schema, "SELECT recommendations_move_landmark(now(), %s)", MOST_GROWTH))
        for schema in _folded()
    )


def of_model(schema: str, query: str, *values: Any) -> Any:
    """The one value that `query` gives, asked of the model in the schema, in a transaction of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, true)", [f'"{schema}", public'])
        cursor.execute(query, values)
        return cursor.fetchone()[0]


def _folded() -> list[str]:
    return list(
        Model.objects.filter(kind=Model.Kind.FOLD, state=Model.State.READY).values_list("schema", flat=True)
    )
