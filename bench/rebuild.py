"""A rebuild of a log that really lies in Kafka, beside only reading and decoding the same log."""

import multiprocessing
import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from bench.measure import Rate
from tests.stack import Product
from tracking.events import Event, EventType, encode, format_timestamp

EVENTS = 240_000
VISITORS = 20_000
PRODUCTS = 20_000
PARTITIONS = 6
ROUNDS = 3
TOPIC = "bench-rebuild"
SCHEMA = "bench_rebuild"
STAMPED = {"message.timestamp.type": "LogAppendTime"}


def rebuild(product: Product) -> list[Rate]:
    """In a process of its own: Django reads its settings once, from the environment."""
    environment = {"DATABASE_URL": product.database_url, "KAFKA_BOOTSTRAP_SERVERS": product.kafka}
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        folded, read = process.submit(measure, environment).result()
    return [Rate("rebuild: events of the log folded", folded, "reading and decoding it", read, "25,000/s")]


def measure(environment: dict[str, str]) -> tuple[list[float], list[float]]:
    """Events a second of each round, folded and only read."""
    os.environ |= environment | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    import django

    django.setup()
    ends = produce(environment["KAFKA_BOOTSTRAP_SERVERS"])
    try:
        rounds = [(fold(ends), read(ends)) for _ in range(ROUNDS)]
    finally:
        admin = AdminClient({"bootstrap.servers": environment["KAFKA_BOOTSTRAP_SERVERS"]})
        admin.delete_topics([TOPIC])[TOPIC].result(10)
    return [folded for folded, _ in rounds], [only_read for _, only_read in rounds]


def produce(servers: str) -> dict[int, int]:
    """The log; for each partition its end."""
    admin = AdminClient({"bootstrap.servers": servers})
    replicas = min(3, len(servers.split(",")))
    for created in admin.create_topics([NewTopic(TOPIC, PARTITIONS, replicas, config=STAMPED)]).values():
        created.result(10)
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "linger.ms": 50})
    ends = dict.fromkeys(range(PARTITIONS), 0)
    for visitor, value in events():
        partition = sum(visitor.encode()) % PARTITIONS
        ends[partition] += 1
        while True:
            try:
                producer.produce(TOPIC, value, key=visitor, partition=partition)
                break
            except BufferError:
                producer.poll(0.05)
        producer.poll(0)
    if waiting := producer.flush(60):
        raise RuntimeError(f"{waiting} events of the benchmark's log did not reach Kafka.")
    return ends


def events() -> Iterator[tuple[str, bytes]]:
    """Sessions of some products of one taste each, popular ones more often; a few end in a basket and an order."""
    chance = random.Random(11)
    now = datetime.now(UTC)
    made = 0
    while made < EVENTS:
        visitor, taste = f"bench-{chance.randrange(VISITORS)}", chance.randrange(PRODUCTS // 100)
        at = now - timedelta(days=20) + timedelta(seconds=made * 7)
        looked_at = [taste * 100 + int(100 * chance.random() ** 2) for _ in range(chance.randint(1, 8))]
        steps = [("Product Viewed", product) for product in looked_at]
        if chance.random() < 0.1:
            steps += [("Product Added", looked_at[-1]), ("Order Completed", looked_at[-1])]
        for number, (name, product) in enumerate(steps):
            occurred_at = format_timestamp(at + timedelta(seconds=20 * number))
            made += 1
            yield (
                visitor,
                encode(
                    Event(
                        event_id=str(uuid4()),
                        type=EventType.TRACK,
                        event=name,
                        visitor_id=visitor,
                        product_id=f"product-{product}",
                        occurred_at=occurred_at,
                        received_at=occurred_at,
                        properties={"product_id": f"product-{product}", "price": 19.9, "position": number},
                        source="shop",
                    )
                ),
            )


def fold(ends: dict[int, int]) -> float:
    """Into the empty tables of a schema of its own, as a rebuild does."""
    from streaming.rebuild.lanes import LANES, Lanes
    from streaming.rebuild.log import read_batches
    from streaming.rebuild.shadow import Shadow, connect
    from streaming.rebuild.tables import create_tables, drop_tables

    with connect() as connection:
        drop_tables(connection, SCHEMA)
        create_tables(connection, SCHEMA, use=True)
        shadow = Shadow(connection, SCHEMA)
        began = time.perf_counter()
        with Lanes(shadow) as lanes:
            for batch in read_batches(TOPIC, {}, ends, LANES):
                lanes.fold(batch)
            lanes.settle()
        seconds = time.perf_counter() - began
        drop_tables(connection, SCHEMA)
    if shadow.duplicates or shadow.rejected:
        raise RuntimeError(f"{shadow.duplicates} duplicates and {shadow.rejected} rejected in a clean log.")
    return shadow.records / seconds


def read(ends: dict[int, int]) -> float:
    from streaming.rebuild.log import read_batches

    began = time.perf_counter()
    records = sum(batch.records for batch in read_batches(TOPIC, {}, ends))
    return records / (time.perf_counter() - began)
