"""How long the admin's pages take on a cluster of 300 topics, 5,000 partitions and 100 groups: `python -m bench.admin`.

Then, how long it takes to find the messages of a moment in a topic of ten million.

Starts Kafka, Postgres, Valkey and the web process in `.local/bench-admin` and stops them afterwards.
"""

import os
import random
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import httpx
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from rich.console import Console

from bench.measure import Measurement, measured
from tests.stack import ROOT, Product, read_product, services

HOME: Final = ROOT / ".local" / "bench-admin"
TOPICS, PARTITIONS, GROUPS = 300, 5_000, 100
MESSAGES, MESSAGES_TOPIC, MESSAGES_APART_MS = 10_000_000, "bench-messages", 10
ROUNDS: Final = 15
BASELINE: Final = "GET /healthz"
WITHOUT: Final = "spark,push,relay,worker,beat,shoppers"
PAUSE: Final = 2.1
"""Seconds between two rounds: a little longer than a snapshot of the cluster is kept, so that none is met warm."""


def main() -> None:
    os.environ.setdefault("TRIBUTARY_HOME", str(HOME))
    os.environ["SHOPPERS"] = "0"
    console = Console(width=140)
    console.print("Starting Kafka, Postgres, Valkey and web ...")
    up = services("up", "--without", WITHOUT)
    if up.returncode != 0:
        raise SystemExit(f"The product did not start:\n{up.stdout}{up.stderr}")
    try:
        product = read_product()
        console.print(f"Creating {TOPICS} topics, {PARTITIONS} partitions and {GROUPS} groups ...")
        fill(product.kafka)
        console.print(f"Filling a topic with {MESSAGES:,} messages ...")
        began = fill_messages(product.kafka)
        for row in [*admin_pages(product), messages_of_a_moment(product, began)]:
            console.print(f"{row.name:<34} median {row.median:7.1f} ms  p99 {row.p99:7.1f} ms  {row.limit}")
    finally:
        services("down")


def fill(kafka: str) -> None:
    """Real topics with a record in each, and groups that have committed in several of them. Runs again for nothing."""
    admin = AdminClient({"bootstrap.servers": kafka, "log_level": 0})
    share, more = divmod(PARTITIONS, TOPICS)
    wanted = {f"bench-{number:03}": share + (number < more) for number in range(TOPICS)}
    there = admin.list_topics(timeout=30).topics
    missing = [
        NewTopic(name, num_partitions=partitions, replication_factor=1)
        for name, partitions in wanted.items()
        if name not in there
    ]
    for at in range(0, len(missing), 25):
        for future in admin.create_topics(missing[at : at + 25], operation_timeout=60).values():
            future.result()
    if missing:
        producer = Producer({"bootstrap.servers": kafka, "log_level": 0})
        for name in wanted:
            producer.produce(name, b"one")
        producer.flush(60)
        with ThreadPoolExecutor(8) as several:
            list(several.map(lambda number: _commit(kafka, number, wanted), range(GROUPS)))


def _commit(kafka: str, number: int, topics: dict[str, int]) -> None:
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": f"bench-group-{number:03}"})
    mine = [name for place, name in enumerate(topics) if place % GROUPS == number]
    offsets = [TopicPartition(name, partition, 0) for name in mine for partition in range(topics[name])]
    consumer.commit(offsets=offsets, asynchronous=False)
    consumer.close()


def admin_pages(product: Product) -> list[Measurement]:
    """Each page a first time, with no snapshot of the cluster at hand, beside a page that does nothing."""
    with logged_in(product) as client:
        addresses = {
            "overview": "/admin/cluster/",
            "topics": "/admin/cluster/topics/",
            "topic": "/admin/cluster/topics/bench-000/",
            "settings of a topic": "/admin/cluster/topics/bench-000/settings/",
            "groups": "/admin/cluster/groups/",
            "group": "/admin/cluster/groups/bench-group-000/",
            "partition map": "/admin/cluster/map/",
            "moving partitions": "/admin/cluster/moves/",
            "move form": "/admin/cluster/moves/new/",
            "broker": "/admin/cluster/brokers/1/",
            "producers": "/admin/cluster/producers/",
            "dashboard": "/admin/",
            "metrics": "/admin/metrics/",
            "ledger": "/admin/ledger/",
            "alerts": "/admin/alerts/",
        }
        times: dict[str, list[float]] = {name: [] for name in addresses}
        nothing: list[float] = []
        for _ in range(ROUNDS):
            for name, address in addresses.items():
                time.sleep(PAUSE)
                times[name].append(_time(client, address))
                nothing.append(_time(client, "/healthz"))
    return [
        measured(f"admin: {name}", samples, BASELINE, nothing, "every one < 500")
        for name, samples in times.items()
    ]


def fill_messages(kafka: str) -> int:
    """Ten million records of a hundred bytes, ten milliseconds apart; the time of the first. Runs again for nothing."""
    admin = AdminClient({"bootstrap.servers": kafka, "log_level": 0})
    if MESSAGES_TOPIC in admin.list_topics(timeout=30).topics:
        there = sum(_end(kafka, partition) for partition in range(6))
        if there == MESSAGES:
            return _first_time(kafka)
        raise RuntimeError(f"Only {there:,} messages are there from an interrupted run: remove {HOME}.")
    topic = NewTopic(MESSAGES_TOPIC, 6, 1, config={"retention.ms": "-1", "segment.bytes": str(2**26)})
    admin.create_topics([topic], operation_timeout=60)[MESSAGES_TOPIC].result()
    began = int(time.time() * 1000) - MESSAGES * MESSAGES_APART_MS
    producer = Producer(
        {"bootstrap.servers": kafka, "compression.type": "lz4", "linger.ms": 50, "log_level": 0}
    )
    for number in range(MESSAGES):
        value = f'{{"number": {number}, "rest": "{number * 2654435761 % 2**64:064x}"}}'
        while True:
            try:
                producer.produce(
                    MESSAGES_TOPIC, value, str(number % 100_003), timestamp=began + number * MESSAGES_APART_MS
                )
                break
            except BufferError:
                producer.poll(0.05)
    if waiting := producer.flush(120):
        raise RuntimeError(f"{waiting} messages did not reach Kafka.")
    return began


def _end(kafka: str, partition: int) -> int:
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "bench-ends"})
    try:
        _, end = consumer.get_watermark_offsets(TopicPartition(MESSAGES_TOPIC, partition), timeout=10)
        return end
    finally:
        consumer.close()


def _first_time(kafka: str) -> int:
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "bench-first", "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(MESSAGES_TOPIC, partition, 0) for partition in range(6)])
        found = [message for message in consumer.consume(1, timeout=30) if message.error() is None]
        return int(found[0].timestamp()[1])
    finally:
        consumer.close()


def messages_of_a_moment(product: Product, began: int) -> Measurement:
    """Each time another moment of the log, met cold; what is shown must be of it."""
    chance = random.Random(5)
    times, nothing = [], []
    with logged_in(product) as client:
        for _ in range(ROUNDS):
            moment = datetime.fromtimestamp(
                (began + chance.randrange(MESSAGES) * MESSAGES_APART_MS) / 1000, UTC
            )
            asked = {"start": "time", "time": f"{moment:%Y-%m-%d %H:%M:%S}", "format": "json", "most": "50"}
            address = f"/admin/cluster/topics/{MESSAGES_TOPIC}/messages/"
            times.append(_time(client, f"{address}?{urlencode(asked)}"))
            shown = client.get(address, params=asked).json()["messages"]
            late = datetime.fromisoformat(shown[0]["timestamp"]) - moment
            if not timedelta(seconds=-1) <= late <= timedelta(seconds=2):
                raise RuntimeError(f"Asked for {moment}, the page shows messages of {shown[0]['timestamp']}.")
            nothing.append(_time(client, "/healthz"))
    return measured("messages of a moment, of 10,000,000", times, BASELINE, nothing, "every one < 1000")


@contextmanager
def logged_in(product: Product) -> Iterator[httpx.Client]:
    password = (Path(os.environ["TRIBUTARY_HOME"]) / "admin-password").read_text().strip()
    with httpx.Client(base_url=product.shop, follow_redirects=True, timeout=60) as client:
        page = client.get("/admin/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None, "the log-in page has no token"
        answer = client.post(
            "/admin/login/?next=/admin/",
            data={"csrfmiddlewaretoken": token[1], "username": "admin", "password": password},
            headers={"Referer": f"{product.shop}admin/login/"},
        )
        assert "Log in" not in answer.text, "the admin could not log in"
        yield client


def _time(client: httpx.Client, address: str) -> float:
    began = time.perf_counter()
    client.get(address).raise_for_status()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
