"""A live model without Spark: a real log, folded with the ledger's rows as the sink writes them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import Producer
from django.conf import settings as django_settings
from pytest_django import Settings

from streaming.jobs.fold import copy_lines, fold
from streaming.jobs.ledger import BatchRow, Ledger
from streaming.rebuild.log import read_batches
from streaming.topics import topic_name
from tests.conftest import Connection
from tests.recommendations.conftest import database_url
from tracking.events import ACTIVITY, Event, EventType, encode, format_timestamp

PARTITIONS = 3


class Live:
    """The log and the live model of it, which `apply` folds up to the end of the log."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.topic = topic_name(ACTIVITY)
        self.ledger = Ledger("activity", self.topic, "run")
        self.ledger.claim(connection)
        self.producer = Producer(django_settings.KAFKA_CLIENT | {"acks": "all"})
        self.batches = 0
        self.events = 0
        self.ends = dict.fromkeys(range(PARTITIONS), 0)

    def look(
        self, *sessions: str, event: str = "Product Viewed", ago: timedelta = timedelta(), apply: bool = True
    ) -> None:
        """Sessions such as "anna: tea-1 mug-1": one event a product, in that order."""
        for session in sessions:
            visitor, _, products = session.partition(": ")
            for product in products.split():
                now = datetime.now(UTC)
                self.events += 1
                sent = Event(
                    event_id=f"e{self.events}",
                    type=EventType.TRACK,
                    event=event,
                    visitor_id=visitor,
                    product_id=product,
                    occurred_at=format_timestamp(now - ago),
                    received_at=format_timestamp(now),
                )
                partition = sum(visitor.encode()) % PARTITIONS
                self.ends[partition] += 1
                self.producer.produce(self.topic, encode(sent), key=visitor, partition=partition)
        assert self.producer.flush(20) == 0
        if apply:
            self.apply()

    def apply(self) -> None:
        start, end = self.ledger.positions(self.connection), self.ends.copy()
        for batch in read_batches(self.topic, start, end):
            started_at = datetime.now(UTC)
            with self.connection.transaction():
                copy_lines(self.connection, *batch.rows)
                folded = fold(self.connection, self.batches, self.topic)
                self.ledger.write(
                    self.connection,
                    BatchRow(
                        batch_id=self.batches,
                        start=self.ledger.positions(self.connection),
                        end=batch.ends,
                        last_appended=batch.appended,
                        first_appended_at=min(batch.appended.values()),
                        events=batch.records,
                        duplicates=folded.duplicates,
                        visitors=folded.visitors,
                        rejected=[],
                        started_at=started_at,
                        durations={},
                    ),
                )
            self.batches += 1


def of(name: str, connection: Connection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a query gives in the model of that name.

    Not on Django's connection: its transaction lasts as long as the test, and the model is dropped before.
    """
    (schema,) = connection.execute(
        "SELECT schema FROM recommendations_model WHERE name = %s", (name,)
    ).fetchone() or ("",)
    with connection.transaction():
        connection.execute(f'SET LOCAL search_path TO "{schema}", public')
        return connection.execute(query, values or None).fetchall()


@pytest.fixture
def live(model: Connection, topics: str, settings: Settings) -> Iterator[Live]:
    """An empty live model of an empty log."""
    settings.DATABASE_URL = database_url(model)
    before = model.execute("SELECT landmark, half_life, since FROM recommendations_parameters").fetchone()
    yield Live(model)
    # A promotion puts other tables into the place of the tests' own; here they are emptied like any others.
    model.execute(
        "UPDATE recommendations_parameters SET landmark = %s, half_life = %s, since = %s, until = NULL",
        before,
    )
    model.execute("UPDATE recommendations_model SET parameters = '{}' WHERE name = 'live'")
    for (schema,) in model.execute(
        "SELECT schema FROM recommendations_model WHERE name <> 'live'"
    ).fetchall():
        model.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
    model.execute("DELETE FROM recommendations_model WHERE name <> 'live'")
