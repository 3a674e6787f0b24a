"""Keeps the followers up to date where no page did: after a crash, and for what no page waits for."""

import logging
import threading
from typing import Final

from django.db import DatabaseError, InterfaceError, connection
from eventsourcing.persistence import PersistenceError

from shop.facts.pages import FOLLOWERS

IDLE_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 1.0

logger = logging.getLogger(__name__)


class CatchingUp:
    """Any number of processes may run it; a follower's position makes them take turns."""

    def run(self, stopping: threading.Event) -> None:
        failing = False
        while not stopping.is_set():
            try:
                done = sum(follower.catch_up() for follower in FOLLOWERS)
                failing = False
                if not done:
                    stopping.wait(IDLE_SECONDS)
            except (DatabaseError, InterfaceError, PersistenceError) as error:
                if not failing:
                    logger.warning("Projections cannot catch up; they are tried again: %s", error)
                failing = True
                connection.close()
                stopping.wait(RETRY_SECONDS)
