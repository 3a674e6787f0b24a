"""The projections that pages read, and the moment at which they are brought up to date."""

import logging

from django.db import DatabaseError, transaction

from shop.basket.projection import Baskets
from shop.facts.following import Follower
from shop.orders.projection import Orders
from shop.orders.telling import Telling
from shop.stock.projection import StockLevels

PROJECTIONS: tuple[Follower, ...] = (Baskets(), Orders(), StockLevels())
"""Made of facts alone: each can be deleted and rebuilt."""
FOLLOWERS: tuple[Follower, ...] = (*PROJECTIONS, Telling())

logger = logging.getLogger(__name__)


def show(*followers: Follower) -> None:
    """Brings projections up to date after a command, so that the next page shows what was done.

    What was done stands: where this fails, the relay does it within the second.
    """
    try:
        for follower in followers or PROJECTIONS:
            with transaction.atomic():
                follower.catch_up()
    except DatabaseError as error:
        logger.warning("Pages are behind the facts until the relay has caught up: %s", error)
