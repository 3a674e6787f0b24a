"""A broker whose disk is full: it leaves, its partitions are led by others, and nothing acknowledged is lost."""

import asyncio
import os
import subprocess
from pathlib import Path
from uuid import uuid4

from kafka.admin import KafkaAdminClient

from streaming.drills.broker import needs_replicas
from streaming.drills.extra_broker import NUMBER, extra_broker
from streaming.drills.filling import Filling
from streaming.drills.partitions import in_sync
from streaming.drills.parts import NotHereError
from streaming.drills.stage import Stage
from streaming.operating.orders import check, tell
from streaming.snapshots import read_ends
from streaming.topics import topic_name

SIZE_MEGABYTES = 64
RECORD_BYTES, RATE = 5000, 1000
PATIENCE_SECONDS = 240.0


async def steps(stage: Stage) -> None:
    before = await stage.layout.until(in_sync, PATIENCE_SECONDS, "all replicas in sync before the drill")
    needs_replicas(before)
    folder = stage.parts.home.data / "drill-disk"
    topic = topic_name(f"drill-{uuid4().hex[:8]}")
    await asyncio.to_thread(mount, folder)
    async with (
        stage.debts.owing_aside("remove_folder", folder=str(folder)),
        stage.debts.owing_aside("unmount", folder=str(folder)),
    ):
        stage.recording.note(f"A file system of {SIZE_MEGABYTES} MB for broker {NUMBER} is mounted")
        async with (
            extra_broker(stage, folder / "log") as broker,
            stage.debts.owing_aside("delete_topic", name=topic),
        ):
            await asyncio.to_thread(create, topic)
            await fill(stage, topic, broker.pid)
    stage.returned("Everything is as it was")
    await stage.layout.until(in_sync, PATIENCE_SECONDS, "all replicas in sync again")
    await stage.settle()


async def fill(stage: Stage, topic: str, pid: int) -> None:
    async with Filling(topic, RECORD_BYTES, RATE) as filling:
        with stage.sampled("moved", lambda: filling.octets / 1e6):
            layout = await stage.layout.until(
                lambda now: now[topic, 0].leader not in (-1, NUMBER), PATIENCE_SECONDS, "another broker leads"
            )
            stage.struck(
                f"Full after {filling.octets / 1e6:,.0f} MB: broker {NUMBER} (pid {pid}) leads no more"
            )
            stage.recording.number("elected", "Elected broker", layout[topic, 0].leader)
            await asyncio.sleep(2)  # producing goes on with the two that are left
    ends = await asyncio.to_thread(read_ends, [topic])
    there = sum(ends.values())
    stage.recording.check(
        "produced",
        "No record that was acknowledged is lost, and none fails",
        f"{filling.acknowledged:,} acknowledged, {there:,} in the topic, {filling.failed} failed"
        f" {filling.error}".rstrip(),
        passed=there >= filling.acknowledged > 0 and not filling.failed,
    )


def mount(folder: Path) -> None:
    """Raises NotHereError where this process may not."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.path.ismount(folder):
        raise NotHereError(f"{folder} is mounted already: `umount {folder}`, then start again.")
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MEGABYTES}m", "tributary-drill", str(folder)],
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        folder.rmdir()
        raise NotHereError(
            f"Mounting a small file system is not allowed here ({said.strip()}): the drill takes a Linux on which this"
            " process may mount, and did not run."
        ) from error


def create(topic: str) -> None:
    """One partition, led by the broker with the small disk. Raises RefusedError, UnansweredError."""
    wanted = {
        topic: {
            "assignments": {0: [NUMBER, 1, 2]},
            "configs": {"segment.bytes": str(8 * 2**20), "min.insync.replicas": "2"},
        }
    }

    def order(client: KafkaAdminClient) -> None:
        for each in client.create_topics(wanted, raise_errors=False)["topics"]:
            check(each["error_code"], each["error_message"])

    tell(order)
