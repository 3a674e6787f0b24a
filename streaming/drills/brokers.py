"""Drills on the brokers beside the death of one: the controller, all of them at once, and one that hangs."""

import asyncio
import time

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from streaming.connection import connect, connection
from streaming.drills.broker import (
    ELECTION_SECONDS,
    IN_SYNC_SECONDS,
    has_leader,
    lead_as_before,
    needs_replicas,
)
from streaming.drills.partitions import Layout, NeverError, in_sync
from streaming.drills.stage import Stage
from streaming.topics import topic_name
from tracking.events import ACTIVITY

DOWN_SECONDS = 30.0
PAUSED_SECONDS = 20.0
STRIKE_SECONDS = 0.25


def controller_of(client: KafkaAdminClient) -> int:
    """The leader of the metadata quorum; -1 while it elects."""
    leader: int = client.describe_metadata_quorum()["topics"][0]["partitions"][0]["leader_id"]
    return leader


async def controller(stage: Stage) -> None:
    before = await stage.layout.until(in_sync, IN_SYNC_SECONDS, "all replicas in sync before the drill")
    needs_replicas(before)
    victim = await asyncio.to_thread(connection.ask, controller_of)
    others = [
        stage.parts.of(name).address
        for name in stage.parts.names()
        if name.startswith("kafka-") and name != f"kafka-{victim}"
    ]
    led = {place for place, state in before.items() if state.leader == victim}
    struck = await stage.kill(f"kafka-{victim}")
    killed_at = time.monotonic()
    elected = await asyncio.to_thread(new_controller, ",".join(others), victim)
    took = (time.monotonic() - killed_at) * 1000
    stage.recording.note(f"Broker {elected} is the controller after {took:,.0f} ms")
    stage.recording.number("election", "Another controller elected", took, "ms")
    stage.recording.number("elected", "Elected broker", elected)
    await stage.layout.until(
        lambda now: has_leader(now, led, victim), ELECTION_SECONDS, "another leader of each of its partitions"
    )
    stage.recording.number(
        "elections", "All its partitions led by others", (time.monotonic() - killed_at) * 1000, "ms"
    )
    await stage.parts.until_back(struck)
    stage.returned(f"kafka-{victim} is ready again")
    await until_in_sync(stage, killed_at)
    await lead_as_before(stage, led)
    await stage.settle()


def new_controller(addresses: str, victim: int) -> int:
    """Asks the other brokers until one of them is the controller. Raises NeverError."""
    deadline = time.monotonic() + ELECTION_SECONDS
    client: KafkaAdminClient | None = None
    while time.monotonic() < deadline:
        try:
            client = client or connect(addresses)
            if (leader := controller_of(client)) not in (-1, victim):
                client.close()
                return leader
        except (KafkaError, OSError):  # nobody knows yet
            if client is not None:
                client.close()
            client = None
        time.sleep(0.05)
    raise NeverError(f"No other controller within {ELECTION_SECONDS:.0f} s.")


async def cluster(stage: Stage) -> None:
    names = [name for name in stage.parts.names() if name.startswith("kafka-")]
    before = [stage.parts.running(name) for name in names]
    layout = await stage.layout.until(in_sync, IN_SYNC_SECONDS, "all replicas in sync before the drill")
    stage.struck(f"{', '.join(names)} killed with SIGKILL, and again whenever they start")
    killed_at = time.monotonic()
    while time.monotonic() < killed_at + DOWN_SECONDS:
        for name in names:
            stage.parts.kill_if_running(name)
        await asyncio.sleep(STRIKE_SECONDS)
    stage.recording.note("From here on they may start")
    for struck in before:
        await stage.parts.until_back(struck)
    stage.returned("All brokers are ready again")
    await until_in_sync(stage, killed_at)
    await lead_as_before(stage, set(layout))
    await stage.settle()


async def slow(stage: Stage) -> None:
    at = (topic_name(ACTIVITY), 0)
    before = await stage.layout.until(in_sync, IN_SYNC_SECONDS, "all replicas in sync before the drill")
    needs_replicas(before)
    victim = before[at].leader
    led = {place for place, state in before.items() if state.leader == victim}
    struck = stage.parts.running(f"kafka-{victim}")
    async with stage.debts.owing_aside("resume", pid=struck.pid, created=struck.created):
        stage.parts.pause(struck.part)
        stage.struck(f"{struck.part} (pid {struck.pid}) stopped with SIGSTOP for {PAUSED_SECONDS:.0f} s")
        paused_at = time.monotonic()
        layout = await stage.layout.until(
            lambda now: has_leader(now, led, victim), ELECTION_SECONDS, "another leader of its partitions"
        )
        took = (time.monotonic() - paused_at) * 1000
        stage.recording.note(f"Its partitions are led by others after {took:,.0f} ms")
        stage.recording.number("election", "All its partitions led by others", took, "ms")
        stage.recording.number("elected", f"Elected broker of {at[0]}-{at[1]}", layout[at].leader)
        await asyncio.sleep(max(0.0, paused_at + PAUSED_SECONDS - time.monotonic()))
    stage.returned(f"{struck.part} goes on")
    await until_in_sync(stage, paused_at)
    await lead_as_before(stage, led)
    await stage.settle()


async def until_in_sync(stage: Stage, since: float) -> Layout:
    layout = await stage.layout.until(in_sync, IN_SYNC_SECONDS, "all replicas in sync again")
    took = time.monotonic() - since
    stage.recording.note(f"All replicas in sync after {took:.1f} s")
    stage.recording.number("in_sync", "Until all replicas were in sync", took, "s")
    return layout
