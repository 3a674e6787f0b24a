"""What came of the events that a client sent: read from the log, and unsealed."""

import time
from collections.abc import Collection

import psycopg
from confluent_kafka import Consumer, TopicPartition

from tests.conftest import wait_for
from tests.product.ledger import end_offsets
from tests.stack import Product
from tracking.events import ACTIVITY, Event, decode, unseal_into
from tracking.sealing import unseal

SECONDS = 30


class Received:
    """The events that reached the topic since this was made."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.began = end_offsets(product)
        self.resent = self._resent()

    def events(self) -> list[Event]:
        """All of them until now, as their senders gave them."""
        parts = [
            TopicPartition(ACTIVITY, partition, self.began.get(partition, 0)) for partition in self.began
        ]
        ends = end_offsets(self.product)
        wanted = sum(end - self.began.get(partition, 0) for partition, end in ends.items())
        consumer = Consumer(
            {"bootstrap.servers": self.product.kafka, "group.id": "tests", "enable.auto.commit": False}
        )
        values: list[bytes] = []
        deadline = time.monotonic() + SECONDS
        try:
            consumer.assign(parts)
            while len(values) < wanted:
                assert time.monotonic() < deadline, f"{len(values)} of {wanted} records were read"
                values += [record.value() or b"" for record in consumer.consume(2000, 0.2)]
        finally:
            consumer.close()
        return self._unsealed([decode(value) for value in values if value])

    def once(self, message_ids: Collection[str]) -> dict[str, Event]:
        """The events with these ids, each of which is there, and once.

        A record that Kafka was slow to acknowledge went through the spool too, and stands there twice: the collector
        counts these as resent, and no more than it counted are let pass.
        """
        wanted = set(message_ids)
        assert len(wanted) == len(message_ids), "a client gave two events the same id"
        found: list[Event] = []

        def complete() -> bool:
            found[:] = [event for event in self.events() if event.event_id in wanted]
            return wanted == {event.event_id for event in found}

        wait_for(complete, SECONDS, "every event that the client was told is delivered")
        twice = len(found) - len(wanted)
        assert twice == 0 or wait_for(
            lambda: twice <= self._resent() - self.resent, 5, "resends to be counted"
        )
        return {event.event_id: event for event in found}

    def _resent(self) -> int:
        with psycopg.connect(self.product.database_url) as connection:
            row = connection.execute(
                "SELECT coalesce(sum(resent), 0) FROM tracking_collectedminute"
            ).fetchone()
        assert row is not None
        return int(row[0])

    def _unsealed(self, events: list[Event]) -> list[Event]:
        with psycopg.connect(self.product.database_url) as connection:
            rows = connection.execute(
                "SELECT visitor_id, key FROM tracking_visitorkey WHERE visitor_id = ANY(%s)",
                ([event.visitor_id for event in events if event.sealed],),
            ).fetchall()
        keys = {visitor_id: bytes(key) for visitor_id, key in rows}
        return [
            unseal_into(event, unseal(keys[event.visitor_id], event.sealed)) if event.sealed else event
            for event in events
        ]
