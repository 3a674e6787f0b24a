"""What the log and the ledger say, read from outside."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import msgspec
import psycopg
from confluent_kafka import Consumer, KafkaException, TopicPartition

from tests.stack import ROOT, Product

TOPIC = "activity"


def end_offsets(product: Product) -> dict[int, int]:
    """For each partition of the topic the offset after its newest record."""
    consumer = Consumer({"bootstrap.servers": product.kafka, "group.id": "tests"})
    try:
        partitions = consumer.list_topics(TOPIC, 10).topics[TOPIC].partitions
        return {p: consumer.get_watermark_offsets(TopicPartition(TOPIC, p), 10)[1] for p in partitions}
    finally:
        consumer.close()


def applied(product: Product) -> bool:
    """Whether the ledger has reached the end of the log."""
    with psycopg.connect(product.database_url) as connection:
        rows = connection.execute('SELECT partition, "offset" FROM streaming_position').fetchall()
    positions: dict[int, int] = dict(rows)
    try:
        ends = end_offsets(product)
    except KafkaException:  # a leader moves
        return False
    return all(positions.get(p, 0) == end for p, end in ends.items())


def message_ids_in_log(product: Product) -> Counter[str]:
    """How often each event id stands in the topic."""
    consumer = Consumer(
        {"bootstrap.servers": product.kafka, "group.id": "tests", "enable.auto.commit": False}
    )
    found: Counter[str] = Counter()
    read = 0
    try:
        ends = {p: end for p, end in end_offsets(product).items() if end}
        consumer.assign([TopicPartition(TOPIC, p, 0) for p in ends])
        deadline = time.monotonic() + 60
        while read < sum(ends.values()) and time.monotonic() < deadline:
            for message in consumer.consume(5000, 0.5):
                read += 1
                if value := message.value():  # else it is the tombstone of an erased visitor
                    found[msgspec.json.decode(value)["eventId"]] += 1
    finally:
        consumer.close()
    return found


def events_in_log(product: Product, prefix: str) -> dict[str, list[str]]:
    """The event ids of each visitor whose id begins so, in the order of the log."""
    consumer = Consumer(
        {"bootstrap.servers": product.kafka, "group.id": "tests", "enable.auto.commit": False}
    )
    found: dict[str, list[str]] = {}
    try:
        ends = end_offsets(product)
        left = {p for p, end in ends.items() if end}
        consumer.assign([TopicPartition(TOPIC, p, 0) for p in left])
        deadline = time.monotonic() + 60
        while left and time.monotonic() < deadline:
            for message in consumer.consume(5000, 0.5):
                visitor, partition = (message.key() or b"").decode(), message.partition()
                if visitor.startswith(prefix) and (value := message.value()):
                    found.setdefault(visitor, []).append(msgspec.json.decode(value)["eventId"])
                if (message.offset() or 0) + 1 >= ends[partition or 0]:
                    left.discard(partition or 0)
    finally:
        consumer.close()
    return found


def verify() -> subprocess.CompletedProcess[str]:
    """`manage.py rebuild --verify`: exit 0 when the model is what the log says."""
    return subprocess.run(
        [sys.executable, "manage.py", "rebuild", "--verify"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )


def kill(product: Product, part: str) -> int:
    """`kill -9` of a part; returns the pid that it had."""
    pid = int(product.part(part)["pid"])
    os.kill(pid, signal.SIGKILL)
    return pid


def is_back(product: Product, part: str, killed: int) -> bool:
    """Whether the part runs again, under another pid, and is ready."""
    told = product.part(part)
    return told["state"] == "ready" and told["pid"] not in (None, killed)
