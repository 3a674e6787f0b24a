"""The cluster grows: more partitions, one more broker, and partitions moved onto it while everything goes on."""

import asyncio
import time
from collections.abc import Callable
from uuid import uuid4

from django.conf import settings
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from streaming.connection import UnansweredError, connection
from streaming.drills.broker import needs_replicas
from streaming.drills.extra_broker import NUMBER, extra_broker
from streaming.drills.filling import Filling
from streaming.drills.partitions import in_sync
from streaming.drills.stage import Stage
from streaming.operating import topics
from streaming.operating.orders import check, tell
from streaming.topics import topic_name

PARTITIONS, MORE_PARTITIONS = 3, 6
FILL_BYTES = 48 * 2**20
RATE, RECORD_BYTES = 500, 1000
MOVE_SECONDS = 300.0
SEGMENT = {"segment.bytes": str(16 * 2**20)}


async def steps(stage: Stage) -> None:
    before = await stage.layout.until(in_sync, MOVE_SECONDS, "all replicas in sync before the drill")
    needs_replicas(before)
    if settings.SPARK_MASTER.startswith("local"):
        stage.recording.note(
            f"No second Spark worker: Spark runs in one process here (SPARK_MASTER={settings.SPARK_MASTER})"
        )
    topic = topic_name(f"drill-{uuid4().hex[:8]}")
    folder = stage.parts.home.data / f"kafka-{NUMBER}"
    async with stage.debts.owing_aside("delete_topic", name=topic):
        await asyncio.to_thread(topics.create_topic, topic, PARTITIONS, 3, SEGMENT)
        async with Filling(topic, RECORD_BYTES) as filling:
            await stage.until(lambda: filling.octets >= FILL_BYTES, MOVE_SECONDS, "the topic is filled")
        stage.recording.note(f"{topic}: {filling.octets / 1e6:,.0f} MB in {PARTITIONS} partitions")
        async with Filling(topic, RECORD_BYTES, RATE) as going_on:
            with stage.sampled("throughput", megabytes_per_second(going_on)):
                await asyncio.to_thread(topics.add_partitions, topic, MORE_PARTITIONS)
                stage.struck(f"{topic} has {MORE_PARTITIONS} partitions")
                async with extra_broker(stage, folder):
                    await move(stage, topic)
                    await move_back(stage, topic)
        stage.recording.check(
            "produced",
            "No record of the topic that grew and moved is lost",
            f"{going_on.failed} of {going_on.acknowledged + going_on.failed:,} failed {going_on.error}".strip(),
            passed=not going_on.failed and going_on.acknowledged > 0,
        )
    stage.returned("Everything is as it was")
    await stage.layout.until(in_sync, MOVE_SECONDS, "all replicas in sync again")
    await stage.settle()


async def move(stage: Stage, topic: str) -> None:
    """One replica of every partition goes to the new broker."""
    layout = await stage.layout.look()
    wanted = {}
    for (name, partition), state in layout.items():
        if name == topic:
            keep = [broker for broker in sorted(state.replicas) if broker != state.leader][:1]
            wanted[TopicPartition(topic, partition)] = [state.leader, *keep, NUMBER]
    began = time.monotonic()
    await asyncio.to_thread(reassign, wanted)
    stage.recording.note(f"{len(wanted)} partitions are being moved onto broker {NUMBER}")
    with stage.sampled("moved", lambda: moved(topic)):
        await stage.layout.until(
            lambda now: all(NUMBER in state.in_sync for (name, _), state in now.items() if name == topic),
            MOVE_SECONDS,
            f"broker {NUMBER} is in sync",
        )
        took = time.monotonic() - began
        octets = await asyncio.to_thread(moved, topic)
    stage.recording.note(f"Broker {NUMBER} is in sync after {took:.1f} s")
    stage.recording.number("move", "Until the new broker was in sync", took, "s")
    if octets is not None:
        stage.recording.number("moved", "Moved onto it", octets, "MB")


async def move_back(stage: Stage, topic: str) -> None:
    """Away from the new broker, so that it can go without anybody missing a replica."""
    wanted = {
        TopicPartition(topic, partition): [1 + (partition + shift) % 3 for shift in range(3)]
        for partition in range(MORE_PARTITIONS)
    }
    await asyncio.to_thread(reassign, wanted)
    await stage.layout.until(
        lambda now: all(
            NUMBER not in state.replicas and state.full for (name, _), state in now.items() if name == topic
        ),
        MOVE_SECONDS,
        f"nothing is left on broker {NUMBER}",
    )
    stage.recording.note("They are moved back")


def reassign(wanted: dict[TopicPartition, list[int]]) -> None:
    """Raises RefusedError, UnansweredError."""

    def order(client: KafkaAdminClient) -> None:
        for at, error in client.alter_partition_reassignments(wanted).items():
            if error is not None:
                check(error.errno, str(error), f"{at.topic}-{at.partition}")

    tell(order)


def moved(topic: str) -> float | None:
    """Megabytes of the topic on the new broker; None where it does not tell."""

    def ask(client: KafkaAdminClient) -> int:
        (answer,) = client.describe_log_dirs(brokers=[NUMBER])
        return sum(
            partition["partition_size"]
            for folder in answer["log_dirs"]
            for each in folder["topics"]
            if each["name"] == topic
            for partition in each["partitions"]
        )

    try:
        return connection.ask(ask) / 1e6
    except UnansweredError:
        return None


def megabytes_per_second(filling: Filling) -> Callable[[], float]:
    before = [0.0, time.monotonic()]

    def megabytes() -> float:
        octets, now = filling.octets, time.monotonic()
        rate = (octets - before[0]) / max(now - before[1], 1e-3) / 1e6
        before[:] = [octets, now]
        return rate

    return megabytes
