"""From a click to the message at the open page's socket, each stage apart, with the demo shoppers at work."""

import asyncio
import random
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple
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

NEW_PRODUCTS = 60
NEW = "bench-new-"
SECONDS = 20
LIST = "one such list over HTTP"
# Those whose lists have room: a single look does not come among the best 50 of a product that everybody looks at.
LEAST_KNOWN = """
    SELECT c.product_id FROM recommendations_productcount c JOIN recommendations_product p USING (product_id)
    WHERE c.positive > 0 AND p.available ORDER BY c.positive, c.product_id LIMIT %s
"""
COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_name = 'shop_product' AND table_schema = 'public' AND is_identity = 'NO' AND is_generated = 'NEVER'
        AND column_name NOT IN ('id', 'product_id')
"""


class Arrival(NamedTuple):
    """Of one click; `composed_at` is the list's `asOf`."""

    clicked: float
    answered: float
    composed_at: datetime
    arrived: float


async def click_to_socket(product: Product) -> list[Measurement]:
    """The whole way and its stages, of clicks at random moments by a few visitors with open pages."""
    arrivals: dict[str, Arrival] = {}
    round_trips: list[float] = []
    async with asyncio.TaskGroup() as group:
        visiting = [group.create_task(_visit(product, arrivals, seed)) for seed in range(VISITORS)]
        beside = group.create_task(asyncio.to_thread(_round_trips, product, round_trips, visiting))
    del beside

    with psycopg.connect(product.database_url) as connection:
        stages = connection.execute(STAGES, (list(arrivals),)).fetchall()
    names = ("kafka", "compose", "channel", "wait", "read", "postgres", "landed")
    times: dict[str, list[float]] = {name: [] for name in names}
    for event_id, received, appended, started, read, postgres, committed in stages:
        arrival = arrivals[event_id]
        times["kafka"].append(_ms(appended - received))
        times["compose"].append(_ms(arrival.composed_at - appended))
        times["channel"].append((arrival.arrived - arrival.composed_at.timestamp()) * 1000)
        times["wait"].append(_ms(started - appended))
        times["read"].append(read)
        times["postgres"].append(postgres)
        times["landed"].append((committed.timestamp() - arrival.clicked) * 1000)
    whole = [(each.arrived - each.clicked) * 1000 for each in arrivals.values()]
    http = [(each.answered - each.clicked) * 1000 for each in arrivals.values()]
    rows: list[tuple[str, list[float], str]] = [
        ("click to socket message", whole, "median < 100, p99 < 400"),
        ("  HTTP: click to 200", http, ""),
        ("  Kafka: received to appended", times["kafka"], ""),
        ("  Push: appended to composed", times["compose"], ""),
        ("  Channel layer and socket: composed to message", times["channel"], ""),
        ("click to Spark's batch committed", times["landed"], ""),
        ("  Spark: appended to its batch's start", times["wait"], ""),
        ("  Spark: reading and parsing the batch", times["read"], ""),
        ("  Postgres: copy, fold and lists", times["postgres"], ""),
    ]
    return [measured(name, samples, BASELINE, round_trips, limit) for name, samples, limit in rows]


async def _visit(product: Product, arrivals: dict[str, Arrival], seed: int) -> None:
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
            composed_at = datetime.fromisoformat(content["asOf"])
            arrivals[event_id] = Arrival(clicked, answered, composed_at, time.time())
            version = content["version"]


async def new_in_similar(product: Product) -> Measurement:
    """From the look that connects a product nobody knew with another, to the other's list of similar ones."""
    waited: list[float] = []
    round_trips: list[float] = []
    with psycopg.connect(product.database_url, autocommit=True) as connection:
        known = [row[0] for row in connection.execute(LEAST_KNOWN, (NEW_PRODUCTS,)).fetchall()]
        columns = [row[0] for row in connection.execute(COLUMNS).fetchall()]
        try:
            for number, other in enumerate(known):
                new = f"{NEW}{number}-{uuid4().hex[:8]}"
                given = ", ".join(columns)
                connection.execute(
                    f"INSERT INTO shop_product (product_id, {given}) SELECT %s, {given} FROM shop_product"
                    " WHERE product_id = %s",
                    (new, other),
                )
                waited.append(await _until_similar(product, other, new, round_trips))
        finally:
            connection.execute("DELETE FROM shop_product WHERE product_id LIKE %s", (NEW + "%",))
    return measured(
        "a new product in another's similar list", waited, LIST, round_trips, "median < 1000, p99 < 2500"
    )


async def _until_similar(product: Product, other: str, new: str, round_trips: list[float]) -> float:
    """Milliseconds from the sending of the second look."""
    async with Visitor(product) as visitor:
        await visitor.look(other)
        began = time.perf_counter()
        await visitor.look(new)
        while time.perf_counter() < began + SECONDS:
            asked = time.perf_counter()
            answer = await visitor.http.get(f"/api/recommendations/product/{other}/", params={"limit": 50})
            answer.raise_for_status()
            now = time.perf_counter()
            round_trips.append((now - asked) * 1000)
            if any(item["productId"] == new for item in answer.json()["items"]):
                return (now - began) * 1000
            await asyncio.sleep(0.02)
    raise TimeoutError(f"{new} did not come into the similar products of {other} within {SECONDS} s.")


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
