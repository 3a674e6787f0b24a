"""Says once that something is away, and once that it is back."""

import logging

logger = logging.getLogger(__name__)


class Outage:
    def __init__(self, message: str) -> None:
        self.message = message
        self._is_on = False

    def began(self, error: Exception) -> None:
        if not self._is_on:
            logger.warning("%s: %s", self.message, error)
        self._is_on = True

    def ended(self) -> None:
        if self._is_on:
            logger.info("It is over: %s.", self.message)
        self._is_on = False
