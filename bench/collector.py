"""What the collector takes in, beside librdkafka's own producer with the same settings on the same brokers."""

import asyncio
import base64
import json
import multiprocessing
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from uuid import uuid4

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from bench.measure import Measurement, Rate, median, p99
from bench.wire import send_all
from tests.stack import Product
from tracking.delivery.client import CONFIG
from tracking.events import Event, EventType, encode

CONNECTIONS = 16
BATCH = 100
BATCHES = 1000
SINGLES = 8_000
ROUNDS = 3
WARM_UP_ROUNDS = 3
"""Brokers compile for a while: cold ones take in a quarter of what warm ones do."""
VISITORS = 500
TOPIC = "bench"


def collector(product: Product) -> tuple[list[Rate], list[Measurement]]:
    """Batches and single events in turn with the raw producer, three times; medians of the rounds."""
    raw, batched, single = [], [], []
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as client:  # a load of another process
        for _ in range(WARM_UP_ROUNDS):
            client.submit(produce_raw, product.kafka).result()
            client.submit(send, product, batches(product), CONNECTIONS).result()
            client.submit(send, product, singles(product), CONNECTIONS).result()
        for _ in range(ROUNDS):
            raw.append(client.submit(produce_raw, product.kafka).result())
            batched.append(
                BATCHES * BATCH / client.submit(send, product, batches(product), CONNECTIONS).result()[1]
            )
            single.append(SINGLES / client.submit(send, product, singles(product), CONNECTIONS).result()[1])
        half = statistics.median(single) / 2
        times, _ = client.submit(send, product, singles(product), CONNECTIONS, half).result()
        nothing, _ = client.submit(send, product, [health(product)] * 500, 1, 50).result()
    rates = [
        Rate("collector: events in batches of 100", batched, "librdkafka's producer", raw, "at least 1/4"),
        Rate("collector: single events, 16 connections", single, "librdkafka's producer", raw, "1,200/s"),
    ]
    at_half = f"collector: single events at half that, {half:.0f}/s"
    return rates, [
        Measurement(
            at_half, median(times), p99(times), len(times), "GET /healthz", median(nothing), "p99 < 60"
        )
    ]


def send(
    product: Product, requests: Sequence[bytes], connections: int, rate: float | None = None
) -> tuple[list[float], float]:
    return asyncio.run(send_all(product.shop, requests, connections, rate=rate))


def produce_raw(servers: str) -> float:
    """Events a second of librdkafka alone: the collector's settings, records as large, a topic with as many
    partitions and replicas."""
    admin = AdminClient({"bootstrap.servers": servers})
    for created in admin.create_topics([NewTopic(TOPIC, 6, min(3, len(servers.split(","))))]).values():
        created.result(10)
    producer = Producer({"bootstrap.servers": servers} | CONFIG)
    values = [record(number) for number in range(BATCHES * BATCH * 2)]
    headers: list[tuple[str, str | bytes | None]] = [("schema-version", b"1")]
    acknowledged = 0

    def count(error: object, _: object) -> None:
        nonlocal acknowledged
        acknowledged += error is None

    producer.produce(TOPIC, b"{}", key="warm-up")
    producer.flush()
    began = time.perf_counter()
    for number, value in enumerate(values):
        while True:
            try:
                producer.produce(
                    TOPIC, value, key=f"bench-{number % VISITORS}", headers=headers, on_delivery=count
                )
                break
            except BufferError:
                producer.poll(0.01)
        producer.poll(0)
    producer.flush()
    seconds = time.perf_counter() - began
    for deleted in admin.delete_topics([TOPIC]).values():
        deleted.result(10)
    if acknowledged != len(values):
        raise RuntimeError(f"Only {acknowledged} of {len(values)} raw events were acknowledged.")
    return len(values) / seconds


def record(number: int) -> bytes:
    """What the collector makes of `call`: as long, and as different from the one before."""
    return encode(
        Event(
            event_id=str(uuid4()),
            type=EventType.TRACK,
            visitor_id=f"bench-{number % VISITORS}",
            occurred_at="2026-11-23T11:00:00.000Z",
            received_at="2026-11-23T11:00:01.000Z",
            event="Product Viewed",
            product_id="bench-1",
            properties={"product_id": "bench-1", "price": 19.9, "list_id": "home", "position": 3},
            source="shop",
        )
    )


def call() -> dict[str, object]:
    """What a shop's server sends of a view."""
    return {
        "type": "track",
        "event": "Product Viewed",
        "messageId": str(uuid4()),
        "timestamp": "2026-11-23T11:00:00.000Z",
        "properties": {"product_id": "bench-1", "price": "19.90", "list_id": "home", "position": 3},
    }


def batches(product: Product) -> list[bytes]:
    return [
        request(
            product,
            "/v1/batch",
            {
                "sentAt": "2026-11-23T11:00:01.000Z",
                "batch": [
                    call() | {"anonymousId": f"bench-{(number * BATCH + place) % VISITORS}"}
                    for place in range(BATCH)
                ],
            },
        )
        for number in range(BATCHES)
    ]


def singles(product: Product) -> list[bytes]:
    sent_at = {"sentAt": "2026-11-23T11:00:01.000Z"}
    return [
        request(product, "/v1/track", call() | sent_at | {"anonymousId": f"bench-{number % VISITORS}"})
        for number in range(SINGLES)
    ]


def request(product: Product, path: str, content: dict[str, object]) -> bytes:
    body = json.dumps(content).encode()
    basic = base64.b64encode(f"{product.write_key}:".encode()).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Authorization: Basic {basic}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def health(product: Product) -> bytes:
    return f"GET /healthz HTTP/1.1\r\nHost: {product.shop.split('/')[2]}\r\n\r\n".encode()
