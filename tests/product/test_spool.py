"""Faults under load: each event that was answered 200 is in the log in its visitor's order, and counts once."""

import asyncio
import os
import signal
from collections import Counter
from functools import partial

import psycopg
import pytest

from streaming.drills.connection import Answer, Connection
from tests.product.ledger import applied, events_in_log, is_back, kill
from tests.product.load import Singles
from tests.product.servers import BROKERS, brokers, keep_killed, paused, postgres
from tests.product.test_faults import until
from tests.stack import Product

RATE = 300
ANSWERED_SECONDS = 1.0
"""Asked of the soak, which has the machine for itself; every other run holds an answer against `REFUSED_SECONDS`."""
REFUSED_SECONDS = 5.0
DRAINED_SECONDS = 60
WARM_SECONDS = 3.0
"""What a product that has only just started takes for its first answers is no matter of Kafka's."""


def spool_is_empty(product: Product) -> bool:
    with psycopg.connect(product.database_url) as connection:
        return connection.execute("SELECT 1 FROM tracking_spooledrecord LIMIT 1").fetchone() is None


def brokers_are_back(product: Product) -> bool:
    return all(product.part(name)["state"] == "ready" for name in BROKERS)


def folded(product: Product, event: str) -> tuple[int, int]:
    """How many events of this name came to the fold, and how many of them it had met before."""
    with psycopg.connect(product.database_url) as connection:
        row = connection.execute(
            "SELECT sum(events)::int, sum(duplicates)::int FROM recommendations_foldedminute WHERE event = %s",
            [event],
        ).fetchone()
    assert row is not None
    return row[0], row[1]


async def check(product: Product, load: Singles) -> None:
    """Every event is in the topic, a visitor's in their order, and the model has counted each once."""
    await until(partial(spool_is_empty, product), DRAINED_SECONDS, "the spool to be drained")
    await until(partial(applied, product), 90, "Spark to reach the end of the log")
    in_log = await asyncio.to_thread(events_in_log, product, load.name)
    assert load.total > 0
    assert {visitor: list(dict.fromkeys(events)) for visitor, events in in_log.items()} == load.acknowledged
    times = Counter(event_id for events in in_log.values() for event_id in events)
    again = times.total() - len(times)
    assert folded(product, load.name) == (load.total + again, again)
    print(
        f"{load.total} events, {again} twice in the log; {dict(load.statuses)}; "
        f"p50 {load.waited(0.5):.3f} s, p99 {load.waited(0.99):.3f} s, most {load.waited(1):.3f} s "
        f"(asked {max(load.took)[1]:.1f} s after the start); "
        f"load average {os.getloadavg()[0]:.1f}"
    )


async def kafka_is_away(product: Product, how: str, seconds: float, *, answered_within: float) -> None:
    async with Singles(product, RATE) as load:
        await asyncio.sleep(WARM_SECONDS)
        if how == "stopped":
            with paused(brokers(*BROKERS)):
                await asyncio.sleep(seconds)
        else:
            await keep_killed(seconds, *BROKERS)
            await until(partial(brokers_are_back, product), 60, "the brokers to be back")
        await asyncio.sleep(3)
    assert set(load.statuses) == {200}
    await check(product, load)
    assert load.waited(1, since=WARM_SECONDS) < answered_within


async def test_kafka_is_away_for_ten_seconds(product: Product) -> None:
    await kafka_is_away(product, "stopped", 10, answered_within=REFUSED_SECONDS)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_kafka_is_away_for_a_minute(product: Product, how: str) -> None:
    await kafka_is_away(product, how, 60, answered_within=ANSWERED_SECONDS)


async def killed_under_load(product: Product, part: str, times: int) -> None:
    async with Singles(product, RATE) as load:
        await asyncio.sleep(2)
        for _ in range(times):
            killed = await asyncio.to_thread(kill, product, part)
            await until(partial(is_back, product, part, killed), 90, f"{part} to be back")
            await asyncio.sleep(2)
    await check(product, load)


@pytest.mark.parametrize("part", ["web", "kafka-2"])
async def test_killed_under_load(product: Product, part: str) -> None:
    await killed_under_load(product, part, 1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", ["web", "kafka-2"])
async def test_killed_under_load_ten_times(product: Product, part: str) -> None:
    await killed_under_load(product, part, 10)


async def test_one_broker_of_three_pauses(product: Product) -> None:
    async with Singles(product, RATE) as load:
        await asyncio.sleep(2)
        with paused(brokers("kafka-3")):
            await asyncio.sleep(15)
        await asyncio.sleep(2)
    await check(product, load)
    assert load.waited(1) < REFUSED_SECONDS
    assert load.statuses[503] < load.total / 100


async def test_web_is_told_to_end_under_load(product: Product) -> None:
    async with Singles(product, RATE) as load:
        await asyncio.sleep(2)
        pid = int(product.part("web")["pid"])
        os.kill(pid, signal.SIGTERM)
        await until(partial(is_back, product, "web", pid), 60, "web to be back")
        await asyncio.sleep(2)
    await check(product, load)


async def send_to_each(load: Singles, ids: dict[str, str]) -> list[Answer | None]:
    """One event for each visitor, all at once, on a new connection each."""

    async def send(visitor: str, message_id: str) -> Answer | None:
        answer = await load.attempt(Connection(load.shop), visitor, message_id)
        if answer is not None and answer.status == 200:
            load.acknowledged[visitor] = [message_id]
        return answer

    return await asyncio.gather(*(send(*event) for event in ids.items()))


def visitors_of(load: Singles) -> dict[str, str]:
    return {f"{load.name}-{number}": f"{load.name}-event-{number}" for number in range(50)}


async def test_what_web_has_begun_it_answers_before_it_ends(product: Product) -> None:
    load = Singles(product, RATE)
    pid = int(product.part("web")["pid"])
    with paused(brokers(*BROKERS)):  # so that no answer comes sooner than the signal
        sending = asyncio.create_task(send_to_each(load, visitors_of(load)))
        await asyncio.sleep(0.3)
        assert load.statuses.total() == 0
        os.kill(pid, signal.SIGTERM)
        await sending
    assert load.statuses == {200: 50}
    await until(partial(is_back, product, "web", pid), 60, "web to be back")
    await check(product, load)


async def test_neither_kafka_nor_postgres_answers(product: Product) -> None:
    load = Singles(product, RATE)
    events = visitors_of(load)
    with paused(postgres(product)), paused(brokers(*BROKERS)):
        for answer in await send_to_each(load, events):
            assert answer is not None
            assert answer.status == 503
            assert int(answer.headers["retry-after"]) > 0
    assert load.waited(1) < REFUSED_SECONDS
    assert load.total == 0

    async def send_again() -> bool:
        await send_to_each(
            load, {name: event for name, event in events.items() if name not in load.acknowledged}
        )
        return load.total == len(events)

    for _ in range(20):
        if await send_again():
            break
        await asyncio.sleep(1)
    await check(product, load)
