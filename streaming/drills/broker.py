"""The talk's demonstration: the leader of a partition dies, another replica takes over, nobody notices."""

import asyncio
import time

from kafka.admin import KafkaAdminClient

from streaming.connection import UnansweredError, connection
from streaming.drills.partitions import Layout, in_sync
from streaming.drills.parts import NotHereError
from streaming.drills.stage import Stage
from streaming.topics import topic_name
from tracking.events import ACTIVITY

ELECTION_SECONDS = 60.0
IN_SYNC_SECONDS = 180.0
ELECTION_TRIES = 3
PREFERRED = 0
"""Kafka's number of the kind of election that gives leadership back to the first replica."""


async def steps(stage: Stage) -> None:
    at = (topic_name(ACTIVITY), 0)
    before = await stage.layout.until(in_sync, IN_SYNC_SECONDS, "all replicas in sync before the drill")
    victim = before[at].leader
    if len(before[at].replicas) < 2:
        raise NotHereError(
            "With one replica of each partition nobody can take over: it takes KAFKA_BROKERS=3."
        )
    led = {place for place, state in before.items() if state.leader == victim}

    struck = await stage.kill(f"kafka-{victim}")
    stage.recording.note(f"It led {len(led)} partitions, among them {at[0]}-{at[1]}")
    killed_at = time.monotonic()
    layout = await stage.layout.until(
        lambda now: has_leader(now, {at}, victim), ELECTION_SECONDS, f"another leader of {at[0]}-{at[1]}"
    )
    elected = (time.monotonic() - killed_at) * 1000
    stage.recording.note(f"Broker {layout[at].leader} leads {at[0]}-{at[1]} after {elected:,.0f} ms")
    stage.recording.number("election", "Another leader elected", elected, "ms")
    stage.recording.number("elected", "Elected broker", layout[at].leader)
    await stage.layout.until(
        lambda now: has_leader(now, led, victim), ELECTION_SECONDS, "another leader of each of its partitions"
    )
    stage.recording.number(
        "elections", "All its partitions led by others", (time.monotonic() - killed_at) * 1000, "ms"
    )

    await stage.parts.until_back(struck)
    stage.returned(f"kafka-{victim} is ready again")
    await stage.layout.until(in_sync, IN_SYNC_SECONDS, "all replicas in sync again")
    synced = time.monotonic() - killed_at
    stage.recording.note(f"All replicas in sync after {synced:.1f} s")
    stage.recording.number("in_sync", "Until all replicas were in sync", synced, "s")
    await lead_as_before(stage, led)
    await stage.settle()


def needs_replicas(layout: Layout) -> None:
    if any(len(state.replicas) < 2 for state in layout.values()):
        raise NotHereError("With one replica of a partition nobody can take over: it takes KAFKA_BROKERS=3.")


def has_leader(layout: Layout, places: set[tuple[str, int]], victim: int) -> bool:
    return all(place in layout and layout[place].leader not in (-1, victim) for place in places)


async def lead_as_before(stage: Stage, led: set[tuple[str, int]]) -> None:
    """Gives the partitions back to their preferred leader, rather than wait for the controller to do it."""

    def elect(client: KafkaAdminClient) -> None:
        wanted: dict[str, list[int]] = {}
        for topic, partition in led:
            wanted.setdefault(topic, []).append(partition)
        client.elect_leaders(PREFERRED, wanted, raise_errors=False)

    for left in reversed(range(ELECTION_TRIES)):
        try:
            await asyncio.to_thread(connection.ask, elect)
        except UnansweredError as error:
            if not left:
                stage.recording.note(f"The preferred leaders are left to the controller: {error}")
            await asyncio.sleep(1)
        else:
            stage.recording.note("The preferred leaders lead again")
            return
