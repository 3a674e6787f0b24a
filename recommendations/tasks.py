"""Periodic work on the model; the schedule stands in config/settings.py."""

from celery import shared_task
from django.db import connection, transaction

RANKED_PRODUCTS = 300
"""How many products the trending and the popular list keep."""
PAIRS_PER_PRODUCT = 200


@shared_task
def refresh_trending() -> None:
    """Ranks trending and popular products anew."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT recommendations_refresh_ranked(now(), %s)", [RANKED_PRODUCTS])


@shared_task
def prune_pairs() -> int:
    """Removes the pairs below the top 200 of each product; returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT recommendations_prune_pairs(%s)", [PAIRS_PER_PRODUCT])
        return int(cursor.fetchone()[0])
