"""Many want the same few things while web and relay are killed: nothing is oversold, charged twice or left out."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.product.buying import Customer
from tests.product.ledger import is_back, kill
from tests.product.test_faults import until
from tests.stack import ROOT, Product

KILLED = ("web", "relay")


@pytest.fixture
def scarce(product: Product) -> str:
    """A product that nobody has ordered yet."""
    with psycopg.connect(product.database_url) as connection:
        found = connection.execute(
            "SELECT product_id FROM shop_product WHERE NOT hidden AND product_id NOT IN "
            "(SELECT product_id FROM shop_stocklevel) ORDER BY product_id LIMIT 1"
        ).fetchone()
    assert found is not None
    return str(found[0])


async def run_on(product: Product, product_id: str, stock: int, customers: int, kills: int) -> None:
    with psycopg.connect(product.database_url) as connection:
        connection.execute("UPDATE shop_product SET stock = %s WHERE product_id = %s", [stock, product_id])
    crowd = [Customer(product.shop) for _ in range(customers)]
    async with asyncio.TaskGroup() as group:
        for customer in crowd:
            group.create_task(customer.buy(product_id))
        for _ in range(kills):
            for part in KILLED:
                await asyncio.sleep(0.5)
                killed = await asyncio.to_thread(kill, product, part)
                await until(partial(is_back, product, part, killed), 90, f"{part} to be back")
    orders = [order for customer in crowd for order in customer.orders]
    assert len(orders) == len(set(orders)) == stock
    assert all(
        "reserved" in c.told or "cannot be had" in c.told or "out of stock" in c.told
        for c in crowd
        if not c.orders
    )
    with psycopg.connect(product.database_url) as connection:
        level = connection.execute(
            "SELECT available, reserved, sold FROM shop_stocklevel WHERE product_id = %s", [product_id]
        ).fetchone()
        charged = connection.execute(
            "SELECT order_id::text, count(*) FROM shop_pretendcharge WHERE answer = 'charged' GROUP BY 1"
        ).fetchall()
    assert level == (0, 0, stock)
    ids = {order.split("/")[2] for order in orders}
    assert {order: times for order, times in charged if order in ids} == dict.fromkeys(ids, 1)
    await until(partial(relayed, product), 60, "the relay to reach the newest fact")
    check_topic(product, ids)
    check_projections(product)


def relayed(product: Product) -> bool:
    with psycopg.connect(product.database_url) as connection:
        row = connection.execute(
            "SELECT (SELECT max(notification_id) FROM shop_events) = "
            "(SELECT notification_id FROM shop_position WHERE follower = 'relay')"
        ).fetchone()
    return bool(row and row[0])


def check_topic(product: Product, ids: set[str]) -> None:
    """Every fact of every order is in Kafka once, in its order."""
    versions: dict[str, list[int]] = defaultdict(list)
    seen: Counter[str] = Counter()
    for record in records_of_orders(product):
        versions[record["orderId"]].append(record["version"])
        seen[record["eventId"]] += 1
    with psycopg.connect(product.database_url) as connection:
        stored = connection.execute(
            "SELECT originator_id::text, count(*) FROM shop_events "
            "WHERE topic LIKE 'shop.orders.order:%' GROUP BY 1"
        ).fetchall()
    assert ids <= set(versions)
    assert {order: list(range(1, count + 1)) for order, count in stored} == versions
    assert set(seen.values()) == {1}


def records_of_orders(product: Product) -> list[dict[str, Any]]:
    consumer = Consumer(
        {"bootstrap.servers": product.kafka, "group.id": uuid4().hex, "enable.auto.commit": False}
    )
    found: list[dict[str, Any]] = []
    try:
        partitions = consumer.list_topics("orders", 10).topics["orders"].partitions
        ends = {p: consumer.get_watermark_offsets(TopicPartition("orders", p), 10)[1] for p in partitions}
        consumer.assign([TopicPartition("orders", p, 0) for p in ends])
        deadline = time.monotonic() + 60
        while len(found) < sum(ends.values()):
            assert time.monotonic() < deadline
            found += [json.loads(message.value() or b"") for message in consumer.consume(1000, 0.5)]
    finally:
        consumer.close()
    return found


def check_projections(product: Product) -> None:
    """By the operator's command, in the product's own environment."""
    verified = subprocess.run(
        [sys.executable, "manage.py", "rebuild_projections", "--verify"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": product.database_url},
        text=True,
        capture_output=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.timeout(300)
async def test_twenty_customers_buy_five_things_while_web_and_relay_are_killed(
    product: Product, scarce: str
) -> None:
    await run_on(product, scarce, stock=5, customers=20, kills=1)


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_two_hundred_customers_buy_fifty_things_while_web_and_relay_are_killed(
    product: Product, scarce: str
) -> None:
    await run_on(product, scarce, stock=50, customers=200, kills=3)
