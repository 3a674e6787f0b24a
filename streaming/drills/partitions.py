"""Who leads each partition and who is in sync, asked for ten times a second."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from django.conf import settings

POLL_SECONDS = 0.05
ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class PartitionState:
    leader: int
    """-1 while there is none."""
    replicas: frozenset[int]
    in_sync: frozenset[int]

    @property
    def full(self) -> bool:
        return self.leader >= 0 and self.in_sync == self.replicas


Layout = dict[tuple[str, int], PartitionState]


class NeverError(Exception):
    """What was waited for did not come about in time."""


class LayoutWatch:
    """Asks whichever broker answers."""

    def __init__(self) -> None:
        # One that hangs keeps its connections: it is left after a second, and not asked on for a minute.
        self.admin = AdminClient(settings.KAFKA_CLIENT | {"log_level": 0, "socket.timeout.ms": 1000})

    async def look(self) -> Layout:
        """Raises KafkaException while no broker answers."""
        told = await asyncio.to_thread(self.admin.list_topics, timeout=ANSWER_SECONDS)
        return {
            (name, partition.id): PartitionState(
                partition.leader, frozenset(partition.replicas), frozenset(partition.isrs)
            )
            for name, topic in told.topics.items()
            for partition in topic.partitions.values()
        }

    async def until_brokers(self, holds: Callable[[set[int]], bool], seconds: float, what: str) -> None:
        """Until it holds of the brokers that are up. Raises NeverError."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(KafkaException):  # nobody answers yet
                told = await asyncio.to_thread(self.admin.list_topics, timeout=ANSWER_SECONDS)
                if holds(set(told.brokers)):
                    return
            if time.monotonic() > deadline:
                raise NeverError(f"Not within {seconds:.0f} s: {what}.")
            await asyncio.sleep(POLL_SECONDS)

    async def until(self, holds: Callable[[Layout], bool], seconds: float, what: str) -> Layout:
        """The first layout for which it holds. Raises NeverError."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if holds(layout := await self.look()):
                    return layout
            except KafkaException:
                layout = {}  # nobody answers yet
            if time.monotonic() > deadline:
                raise NeverError(f"Not within {seconds:.0f} s: {what}.")
            await asyncio.sleep(POLL_SECONDS)


def in_sync(layout: Layout) -> bool:
    return all(state.full for state in layout.values())
