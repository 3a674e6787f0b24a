"""Where a record goes: to Kafka, or into the spool where Kafka does not answer in time."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError

from tracking.counts import counts
from tracking.database import in_database
from tracking.delivery.producer import LogProducer
from tracking.delivery.records import Record, received_at
from tracking.delivery.spool import MOST_ROWS, Spool, SpoolAwayError, ends, held_visitors

LOOK_SECONDS: Final = 0.25
IDLE_SECONDS: Final = 1.0

logger = logging.getLogger(__name__)


class NotKeptError(Exception):
    """Neither Kafka nor the spool has the records: their sender is to keep them and send again."""


class Delivery:
    """Records in, an answer out that means durable. One for each event loop.

    A visitor with records in the spool is *held*: their later ones go there too, so that none overtakes another.
    While Kafka is *away* (nothing was acknowledged at all for as long as patience lasts) all records go there.
    """

    def __init__(self, client: dict[str, Any] | None = None) -> None:
        self.producer = LogProducer(client or settings.KAFKA_CLIENT)
        self.spool = Spool()
        self.held: set[str] = set()
        self.entering: Counter[str] = Counter()
        """Visitors of records that are being put into the spool at this moment."""
        self.entered: set[str] = set()
        """Visitors of records that were, or are being, put into it since the last look began."""
        self.away = False
        self.proof: int | None = None
        """The first record spooled since Kafka went away: once the relay has sent it, Kafka is back."""

    async def deliver(self, records: Sequence[Record]) -> int:
        """Returns when each record is on the in-sync brokers or in the spool: how many are in the spool.

        Raises NotKeptError; some of the records may be kept nevertheless, which a retry under the same eventId
        makes harmless.
        """
        direct: Sequence[Record] = records
        queued: list[Record] = []
        if self.away or self.held:
            queued = [record for record in records if self.away or record.key in self.held]
            direct = [record for record in records if not (self.away or record.key in self.held)]
        tried: list[Record] = []
        if direct:
            asked_at = asyncio.get_running_loop().time()
            tried = await self.producer.send(direct, self._landed_late)
            if tried and self.producer.answered_at < asked_at:
                self._go_away()
        if not queued and not tried:
            return 0
        await self._spool(tried + queued, frozenset(range(len(tried))))
        return len(tried) + len(queued)

    async def look(self) -> None:
        """Finds out what is still in the spool, for ever: run it as a task beside `deliver`."""
        while True:
            self.producer.poll()  # else what librdkafka logs of an hour without Kafka comes all at once
            try:
                await self._look()
            except DatabaseError as error:
                logger.debug("The spool cannot be looked at: %s", error)
            await asyncio.sleep(LOOK_SECONDS if self.away or self.held else IDLE_SECONDS)

    async def close(self, seconds: float) -> None:
        await self.producer.close(seconds)

    async def _look(self) -> None:
        first, last = await in_database(ends)
        self.spool.is_full = first is not None and last is not None and last - first >= MOST_ROWS
        if self.away and self.proof is not None and (first is None or first > self.proof):
            self.away, self.proof = False, None
            logger.warning("Kafka answers again; events go to it once their visitor has none in the spool.")
        if first is None and not self.held:
            return
        self.entered = set(self.entering)
        self.held = await in_database(held_visitors) | self.entered

    def _go_away(self) -> None:
        if not self.away:
            self.away = True
            logger.warning("Kafka does not answer; events are kept in the spool until it does.")
            self.producer.purge()

    async def _spool(self, records: Sequence[Record], tried: frozenset[int]) -> None:
        visitors = [record.key for record in records if record.key is not None]
        self.held.update(visitors)
        self.entering.update(visitors)
        self.entered.update(visitors)
        try:
            first = await self.spool.add(records, tried=tried)
        except SpoolAwayError as error:
            raise NotKeptError(str(error)) from error
        finally:
            self.entering -= Counter(visitors)
        if self.away and self.proof is None:
            self.proof = first
        for number, record in enumerate(records):
            at = received_at(record.value)
            counts.add(record.source, record.event, "spooled", at=at)
            if number in tried:
                counts.add(record.source, record.event, "tried", at=at)

    def _landed_late(self, record: Record) -> None:
        counts.add(record.source, record.event, "resent", at=received_at(record.value))
