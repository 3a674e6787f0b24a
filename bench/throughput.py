"""What Spark sustains beside the whole product: events/s at 5,000 a second with the lag flat, and after a burst."""

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, islice, pairwise
from random import Random
from typing import Any

import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition

from bench.measure import Measurement, Rate, measured
from tests.product.ledger import end_offsets
from tests.stack import Product
from tracking.events import ACTIVITY, Event, EventType, encode, format_timestamp

RATE = 5000
SECONDS = 60
BURST = 100_000
ORDINARY = 20
ROUNDS = 3
PRODUCTS = 10_000
READER = "a consumer that drops them"
APPLIED = 'SELECT coalesce(sum("offset"), 0)::bigint FROM streaming_position'
BATCHES = """
    SELECT extract(epoch FROM committed_at - first_appended_at)::float8 * 1000, events FROM streaming_batch
    WHERE committed_at BETWEEN to_timestamp(%s) AND to_timestamp(%s) AND events > 0
"""


def throughput(product: Product) -> tuple[list[Rate], list[Measurement]]:
    """Rates of the sustained load and of the drain of a burst, and how old a batch's oldest event is when it lands."""
    events = clicks()
    with psycopg.connect(product.database_url, autocommit=True) as connection:
        load = Load(product, connection)
        load.send(events, RATE, SECONDS)  # Spark's JVM compiles for a while
        load.wait_until_applied()
        calm = load.ages(*load.send(events, ORDINARY, SECONDS / 4))
        began, ended = load.send(events, RATE, SECONDS)
        sustained, lags = load.per_round(), load.lags
        loaded = load.ages(began, ended)
        load.wait_until_applied()
        drained = [load.drain(events) for _ in range(ROUNDS)]
        consumed = [consume(product, BURST) for _ in range(ROUNDS)]
        copied = [copy(connection, events) for _ in range(ROUNDS)]
    third = len(lags) // 3
    lag = (
        f"lag {statistics.mean(lags[third : 2 * third]):,.0f}, then {statistics.mean(lags[2 * third :]):,.0f}"
    )
    rates = [
        Rate(
            f"Spark at {RATE:,} events/s: {lag}",
            sustained,
            "a consumer that drops them",
            consumed,
            "5,000, lag flat",
        ),
        Rate(f"Spark after a burst of {BURST:,}", drained, "a consumer that drops them", consumed),
        Rate(f"Spark after a burst of {BURST:,}", drained, "COPY into one table", copied),
    ]
    age = measured(f"appended to applied at {RATE:,} events/s", loaded, f"at {ORDINARY} events/s", calm)
    return rates, [age]


def clicks() -> Iterator[tuple[str, str]]:
    """Visitors and products for ever: sessions of a few near products, liked by Zipf's law."""
    chance = Random(1)
    for number in count():
        first = int(PRODUCTS ** chance.random())
        for _ in range(chance.randint(2, 8)):
            yield f"bench-{number}", f"bench-{(first + chance.randrange(12)) % PRODUCTS}"


class Load:
    """Events into `activity`, past the collector, and what the ledger makes of them."""

    def __init__(self, product: Product, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self.connection = connection
        self.producer = Producer({"bootstrap.servers": product.kafka, "acks": "all", "linger.ms": 20})
        self.sent = sum(end_offsets(product).values())
        self.number = 0
        self.samples: list[tuple[float, int]] = []
        self.lags: list[int] = []

    def applied(self) -> int:
        row = self.connection.execute(APPLIED).fetchone()
        return int(row[0]) if row else 0

    def produce(self, events: Iterator[tuple[str, str]], how_many: int) -> None:
        now = format_timestamp(datetime.now(UTC))
        for visitor, shown in islice(events, how_many):
            self.number += 1
            event = Event(
                event_id=f"bench-{time.time_ns()}-{self.number}",
                type=EventType.TRACK,
                event="Product Viewed",
                visitor_id=visitor,
                product_id=shown,
                occurred_at=now,
                received_at=now,
                source="bench",
                properties={"product_id": shown},
            )
            self.producer.produce(ACTIVITY, encode(event), key=visitor)
            if self.number % 1000 == 0:
                self.producer.poll(0)
        self.sent += how_many

    def send(self, events: Iterator[tuple[str, str]], rate: int, seconds: float) -> tuple[float, float]:
        """Sends at a steady rate; when it began and ended. What is applied and what waits is noted once a second."""
        self.samples, self.lags = [], []
        wall, began, sent = time.time(), time.monotonic(), 0
        while (passed := time.monotonic() - began) < seconds:
            self.produce(events, most := max(1, rate // 20))
            sent += most
            self.producer.poll(0)
            if passed > len(self.samples):
                applied = self.applied()
                self.samples.append((time.monotonic(), applied))
                self.lags.append(self.sent - applied)
            time.sleep(max(0.0, began + sent / rate - time.monotonic()))
        self.producer.flush(30)
        return wall, time.time()

    def per_round(self) -> list[float]:
        """Events applied a second in each third of the time."""
        edges = [self.samples[int(part * (len(self.samples) - 1) / ROUNDS)] for part in range(ROUNDS + 1)]
        return [(after - before) / (until - since) for (since, before), (until, after) in pairwise(edges)]

    def ages(self, began: float, ended: float) -> list[float]:
        """How old, in milliseconds, the oldest event of each batch of that time was when it landed."""
        return [float(age) for age, _ in self.connection.execute(BATCHES, (began, ended))]

    def wait_until_applied(self) -> None:
        while self.applied() < self.sent:
            time.sleep(0.05)

    def drain(self, events: Iterator[tuple[str, str]]) -> float:
        """Events/s from the first to the last of a burst."""
        began = time.monotonic()
        self.produce(events, BURST)
        self.producer.flush(60)
        self.wait_until_applied()
        return BURST / (time.monotonic() - began)


def consume(product: Product, how_many: int) -> float:
    """Events/s of a consumer that reads the newest of one partition after another and does nothing with them."""
    consumer = Consumer(
        {"bootstrap.servers": product.kafka, "group.id": "bench", "enable.auto.commit": False}
    )
    partitions = consumer.list_topics(ACTIVITY, 10).topics[ACTIVITY].partitions
    ends = {p: consumer.get_watermark_offsets(TopicPartition(ACTIVITY, p), 10)[1] for p in partitions}
    share = how_many // len(ends)
    consumer.assign([TopicPartition(ACTIVITY, p, max(0, end - share)) for p, end in ends.items()])
    began, read, wanted = time.monotonic(), 0, sum(min(share, end) for end in ends.values())
    while read < wanted:
        read += len(consumer.consume(5000, 1.0))
    consumer.close()
    return read / (time.monotonic() - began)


def copy(connection: psycopg.Connection[tuple[Any, ...]], events: Iterator[tuple[str, str]]) -> float:
    """Events/s of COPY into a plain table, a transaction for each 5,000."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS copied (visitor text, product text, at timestamptz)")
    rows = [(visitor, shown, format_timestamp(datetime.now(UTC))) for visitor, shown in islice(events, BURST)]
    began = time.monotonic()
    for start in range(0, BURST, 5000):
        with connection.cursor().copy("COPY copied FROM STDIN") as stream:
            for row in rows[start : start + 5000]:
                stream.write_row(row)
    return BURST / (time.monotonic() - began)
