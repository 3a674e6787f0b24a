"""Work that goes on step by step until it is told to stop, whoever is away meanwhile."""

import logging
import threading
from abc import ABC, abstractmethod
from typing import Final

from confluent_kafka import KafkaException
from django.db import DatabaseError, InterfaceError, connection

from tracking.delivery.sender import NotAcknowledgedError
from tracking.delivery.turn import Turn

RETRY_SECONDS: Final = 1.0
AWAY: Final = (DatabaseError, InterfaceError, KafkaException, NotAcknowledgedError)
"""What passes by itself when Postgres or Kafka is back."""

logger = logging.getLogger(__name__)


class Work(ABC):
    @abstractmethod
    def step(self) -> int | bool:
        """Does the next piece. Falsy where there was nothing to do."""

    def begin_anew(self) -> None:  # noqa: B027 -- not everybody holds something
        """Lets go of what it holds, after an error: the next step begins from what is stored."""

    def end(self) -> None:
        """Finishes what was begun, when no step comes any more."""
        self.begin_anew()


def run_steps(
    work: Work,
    stopping: threading.Event,
    *,
    complaint: str,
    idle_seconds: float,
    turn: Turn | None = None,
    errors: tuple[type[Exception], ...] = AWAY,
) -> None:
    """Steps until told to stop, with a `turn` only while it is this process's.

    What fails with one of `errors` is said once, and tried again every second. Postgres's connection is closed after
    an error and at the end, and with it the turn is given back.
    """
    failing = False
    while not stopping.is_set():
        try:
            if turn is not None and not turn.is_mine():
                stopping.wait(RETRY_SECONDS)
            elif not work.step():
                stopping.wait(idle_seconds)
            failing = False
        except errors as error:
            if not failing:
                logger.warning("%s: %s", complaint, error)
            failing = True
            close_session()
            work.begin_anew()
            stopping.wait(RETRY_SECONDS)
    work.end()
    close_session()


def close_session() -> None:
    """What a session holds, such as a turn, must not go back to the pool with it."""
    if connection.connection is not None:
        connection.connection.close()
    connection.close()
