"""How much each event counts for its products, as the push process knows it."""

import time
from typing import Final

from channels.db import database_sync_to_async
from django.db import Error

from recommendations.models import EventWeight
from recommendations.session.outage import Outage

KEPT_SECONDS: Final = 10.0


class Weights:
    """Read anew every few seconds. Until they could be read every event counts: Postgres judges again."""

    def __init__(self) -> None:
        self._weights: dict[str, float] = {"*": 1.0}
        self._until = 0.0
        self._postgres = Outage("The weights of the events cannot be read; the last ones count")

    async def current(self) -> dict[str, float]:
        if time.monotonic() > self._until:
            self._until = time.monotonic() + KEPT_SECONDS
            try:
                self._weights = await database_sync_to_async(_weights, thread_sensitive=False)()
            except Error as error:
                self._postgres.began(error)
            else:
                self._postgres.ended()
        return self._weights


def _weights() -> dict[str, float]:
    return dict(EventWeight.objects.values_list("event", "weight"))
