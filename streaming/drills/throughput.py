"""What the cluster takes in, by acks, replication, partitions and batch size: one thing is varied at a time."""

import asyncio
from dataclasses import dataclass, replace
from uuid import uuid4

from streaming.drills.filling import Filling
from streaming.drills.scale import megabytes_per_second
from streaming.drills.stage import Stage
from streaming.operating import topics
from streaming.topics import replication, topic_name

SECONDS = 5.0
RECORD_BYTES = 500


@dataclass(frozen=True, slots=True)
class Setting:
    acks: str = "all"
    replicas: int = 3
    partitions: int = 6
    batch_bytes: int = 65_536

    def __str__(self) -> str:
        return (
            f"acks {self.acks}, {counted(self.replicas, 'replica')}, {counted(self.partitions, 'partition')},"
            f" batches of {self.batch_bytes // 1024} KiB"
        )

    @property
    def name(self) -> str:
        return f"acks-{self.acks}_rf-{self.replicas}_partitions-{self.partitions}_batch-{self.batch_bytes}"


def counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def settings_of(replicas: int) -> list[Setting]:
    usual = Setting(replicas=replicas)
    varied = [
        usual,
        replace(usual, acks="1"),
        replace(usual, acks="0"),
        replace(usual, replicas=1),
        replace(usual, partitions=1),
        replace(usual, partitions=12),
        replace(usual, batch_bytes=4_096),
        replace(usual, batch_bytes=1_048_576),
    ]
    return list(dict.fromkeys(varied))  # with one broker, one replica is the usual


async def steps(stage: Stage) -> None:
    replicas, _ = replication()
    failed = total = 0
    for setting in settings_of(replicas):
        topic = topic_name(f"drill-{uuid4().hex[:8]}")
        async with stage.debts.owing_aside("delete_topic", name=topic):
            await asyncio.to_thread(topics.create_topic, topic, setting.partitions, setting.replicas, {})
            options = {"acks": setting.acks, "batch.size": setting.batch_bytes}
            began = stage.recording.seconds
            filling = Filling(topic, RECORD_BYTES, options=options)
            with stage.sampled("throughput", megabytes_per_second(filling)):
                async with filling:
                    await asyncio.sleep(SECONDS)
            took = stage.recording.seconds - began  # until the last was acknowledged
        failed, total = failed + filling.failed, total + filling.acknowledged
        stage.recording.note(f"{setting}: {filling.acknowledged / took:,.0f} records/s")
        stage.recording.number(
            f"records {setting.name}", f"{setting}", filling.acknowledged / took, "records/s"
        )
        stage.recording.number(f"bytes {setting.name}", f"{setting}", filling.octets / took / 1e6, "MB/s")
    stage.recording.check(
        "produced",
        "Every record is acknowledged",
        f"{failed} of {total:,} failed",
        passed=not failed and total > 0,
    )
