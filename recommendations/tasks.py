"""Periodic work on the model; the schedule stands in config/settings.py."""

from celery import shared_task
from django.db import connection, transaction

RANKED_PRODUCTS = 300
"""How many products the trending and the popular list keep."""
PRODUCTS_OF_A_CATEGORY = 100
"""How many of each category."""
PRODUCTS_OF_AN_ORIGIN = 50
PAIRS_PER_PRODUCT = 200


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
    """Removes the pairs below the top 200 of each product; returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT recommendations_prune_pairs(%s)", [PAIRS_PER_PRODUCT])
        return int(cursor.fetchone()[0])
