"""From a click to the message at the open page's socket, each stage apart, with the demo shoppers at work."""

import asyncio
import random
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition

from bench.measure import Measurement, measured
from tests.product.visitor import Visitor, next_list
from tests.stack import Product

CLICKS = 240
VISITORS = 6
BASELINE = "Kafka round trip"
STAGES = """
    SELECT e.event_id, e.received_at, e.appended_at, b.started_at,
           (b.durations->>'read')::float8, (b.durations->>'copy')::float8 + (b.durations->>'fold')::float8
               + (b.durations->>'lists')::float8, b.committed_at
    FROM recommendations_visitorevent e
    JOIN streaming_batchrange r ON r.topic = e.topic AND r.partition = e.partition AND r.offsets @> e.offset
    JOIN streaming_batch b ON b.id = r.batch_id
    WHERE e.event_id = ANY (%s)
"""


async def click_to_socket(product: Product) -> list[Measurement]:
    """The whole way and its stages, of clicks at random moments by a few visitors with open pages."""
    arrivals: dict[str, tuple[float, float, float]] = {}
    round_trips: list[float] = []
    async with asyncio.TaskGroup() as group:
        visiting = [group.create_task(_visit(product, arrivals, seed)) for seed in range(VISITORS)]
        beside = group.create_task(asyncio.to_thread(_round_trips, product, round_trips, visiting))
    del beside

    with psycopg.connect(product.database_url) as connection:
        stages = connection.execute(STAGES, (list(arrivals),)).fetchall()
    times: dict[str, list[float]] = {name: [] for name in ("kafka", "wait", "read", "postgres", "push")}
    for event_id, received, appended, started, read, postgres, committed in stages:
        times["kafka"].append(_ms(appended - received))
        times["wait"].append(_ms(started - appended))
        times["read"].append(read)
        times["postgres"].append(postgres)
        times["push"].append(arrivals[event_id][2] * 1000 - committed.timestamp() * 1000)
    whole = [(arrived - clicked) * 1000 for clicked, _, arrived in arrivals.values()]
    http = [(answered - clicked) * 1000 for clicked, answered, _ in arrivals.values()]
    rows: list[tuple[str, list[float], str]] = [
        ("click to socket message", whole, "median < 1000, p99 < 2000"),
        ("  HTTP: click to 200", http, ""),
        ("  Kafka: received to appended", times["kafka"], ""),
        ("  Spark: appended to its batch's start", times["wait"], ""),
        ("  Spark: reading and parsing the batch", times["read"], ""),
        ("  Postgres: copy, fold and lists", times["postgres"], ""),
        ("  Push: committed to socket message", times["push"], ""),
    ]
    return [measured(name, samples, BASELINE, round_trips, limit) for name, samples, limit in rows]


async def _visit(product: Product, arrivals: dict[str, tuple[float, float, float]], seed: int) -> None:
    chance = random.Random(seed)
    async with Visitor(product) as visitor, visitor.socket() as socket:
        version = (await next_list(socket, lambda _: True))["version"]
        for _ in range(CLICKS // VISITORS):
            await asyncio.sleep(chance.uniform(0.2, 1.0))
            clicked = time.time()
            event_id = await visitor.look(chance.choice(visitor.products))
            answered = time.time()
            seen = version
            content: dict[str, Any] = await next_list(socket, lambda c, seen=seen: c["version"] > seen)  # type: ignore[misc]
            arrivals[event_id] = (clicked, answered, time.time())
            version = content["version"]


def _round_trips(product: Product, round_trips: list[float], visiting: list[asyncio.Task[None]]) -> None:
    """Produces to `activity.rejected` with acks=all and consumes it, once a second, while the visitors click."""
    producer = Producer({"bootstrap.servers": product.kafka, "acks": "all", "linger.ms": 0})
    consumer = Consumer(
        {"bootstrap.servers": product.kafka, "group.id": "bench", "enable.auto.commit": False}
    )
    topic = "activity.rejected"
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), 10)[1] for p in partitions}
    consumer.assign([TopicPartition(topic, p, end) for p, end in ends.items()])
    while not all(task.done() for task in visiting):
        mark = f'{{"benchmark": "{uuid4()}"}}'.encode()
        began = time.perf_counter()
        producer.produce(topic, mark)
        producer.flush(5)
        while (message := consumer.poll(5)) is not None and message.value() != mark:
            pass
        round_trips.append((time.perf_counter() - began) * 1000)
        time.sleep(0.5)
    consumer.close()


def _ms(delta: Any) -> float:
    return float(delta.total_seconds() * 1000)


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
