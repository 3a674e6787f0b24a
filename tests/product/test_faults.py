"""kill -9 under load: nothing is lost, nothing counts twice, and the model is what the log says."""

import asyncio
import os
import shutil
from functools import partial
from pathlib import Path

import psycopg
import pytest

from tests.product.ledger import applied, is_back, kill, message_ids_in_log, verify
from tests.product.load import Load
from tests.stack import Product

RATE = 200
MIDDLE_OF_A_BATCH = """
    SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tributary-spark' AND wait_event_type = 'Lock'
        AND query LIKE '%SELECT checkpoint FROM streaming_query%'
"""


async def until(condition: partial[bool], seconds: float, what: str) -> None:
    """Waits for a condition that itself blocks, while the load goes on."""
    for _ in range(int(seconds * 2)):
        if await asyncio.to_thread(condition):
            return
        await asyncio.sleep(0.5)
    pytest.fail(f"waited {seconds} s for {what}")


async def kill_spark_in_the_middle_of_a_batch(product: Product) -> int:
    """Holds the query's row, so that a batch has read its events and waits in its transaction; then kills."""
    async with await psycopg.AsyncConnection.connect(product.database_url) as connection:
        await connection.execute("SELECT 1 FROM streaming_query FOR UPDATE")
        async with await psycopg.AsyncConnection.connect(product.database_url, autocommit=True) as watching:
            for _ in range(100):
                cursor = await watching.execute(MIDDLE_OF_A_BATCH)
                if await cursor.fetchone() == (1,):
                    break
                await asyncio.sleep(0.1)
            else:
                pytest.fail("no batch came to its transaction")
        return kill(product, "spark")


def lose_checkpoint() -> None:
    shutil.rmtree(Path(os.environ["TRIBUTARY_HOME"]) / "data" / "checkpoints")


async def check_nothing_lost_nothing_twice(product: Product, load: Load) -> None:
    await until(partial(applied, product), 60, "Spark to reach the end of the log")
    in_log = await asyncio.to_thread(message_ids_in_log, product)
    assert load.acknowledged
    assert [event_id for event_id in load.acknowledged if event_id not in in_log] == []
    verified = await asyncio.to_thread(verify)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "Equal" in verified.stdout


async def spark_dies(product: Product, times: int, checkpoint_lost: bool) -> None:
    async with Load(product, RATE) as load:
        for _ in range(times):
            killed = await kill_spark_in_the_middle_of_a_batch(product)
            if checkpoint_lost:
                lose_checkpoint()
            await until(partial(is_back, product, "spark", killed), 90, "Spark to be back")
        await asyncio.sleep(2)  # some load after the last return, so that it goes on counting
    assert load.refused == 0, "the collector answers whether Spark lives or not"
    await check_nothing_lost_nothing_twice(product, load)


async def test_spark_killed_in_a_batch_with_its_checkpoint_lost(product: Product) -> None:
    await spark_dies(product, times=1, checkpoint_lost=True)


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_spark_killed_five_times(product: Product) -> None:
    await spark_dies(product, times=5, checkpoint_lost=False)
