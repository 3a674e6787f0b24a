"""kill -9 of Spark and of Postgres at random moments, under load: the model stays what the log says."""

import asyncio
import random
from functools import partial

import pytest

from tests.product.ledger import is_back, kill
from tests.product.load import Load
from tests.product.test_faults import check_nothing_lost_nothing_twice, until
from tests.stack import Product

KILLS = 20
RATE = 200
PARTS = ("spark", "postgres")


def runs(product: Product, part: str) -> bool:
    return product.part(part)["pid"] is not None


@pytest.mark.soak
@pytest.mark.timeout(2400)
async def test_spark_and_postgres_killed_twenty_times_at_random_moments(product: Product) -> None:
    seed = random.randrange(10_000)
    chance = random.Random(seed)
    moments = []
    async with Load(product, RATE) as load:
        for number in range(KILLS):
            part, waited = PARTS[number % 2 if number < 2 else chance.randrange(2)], chance.uniform(0, 5)
            await asyncio.sleep(waited)
            await until(
                partial(runs, product, part), 90, f"{part} to run"
            )  # the other one's death may end it
            killed = await asyncio.to_thread(kill, product, part)
            moments.append(f"{part} after {waited:.2f} s")
            # Half of the time the next one strikes while this one recovers.
            if chance.random() < 0.5:
                await until(partial(is_back, product, part, killed), 90, f"{part} to be back")
        for part in PARTS:
            await until(partial(is_back, product, part, 0), 120, f"{part} to be ready at the end")
        await asyncio.sleep(2)
    print(f"seed {seed}: {', '.join(moments)}; {len(load.acknowledged)} events, {load.refused} refused")
    await check_nothing_lost_nothing_twice(product, load)
