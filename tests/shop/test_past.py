"""What a new shop is told of the week before it opened."""

from collections import defaultdict
from datetime import UTC, datetime
from random import Random

import pytest

from shop.shoppers.crowd import TASTES
from shop.shoppers.past import EVENTS, past_batches
from shop.shoppers.shelves import read_shelves
from shop.shoppers.tastes import plant_tastes
from tests.shop.shelves import small_shop

SLOTS = 6
"""Of the strip on a product's page."""
NEAR = 5
"""How many products before it a product is paired with."""


@pytest.mark.usefixtures("stocked_shop")
def test_past_gives_nearly_every_product_enough_neighbours_for_a_strip() -> None:
    shelves, random = read_shelves(), Random(1)
    tastes = plant_tastes(shelves, TASTES, random)
    seen: defaultdict[str, list[str]] = defaultdict(list)
    for batch in past_batches(tastes, shelves, random, opened=datetime.now(UTC), events=EVENTS):
        for event in batch:
            if event["event"] == "Order Completed":
                continue
            assert not {"list_id", "position", "products"} & set(event["properties"])
            products, product = seen[event["anonymousId"]], event["properties"]["product_id"]
            if product not in products:
                products.append(product)

    neighbours: defaultdict[str, set[str]] = defaultdict(set)
    for products in seen.values():
        for place, product in enumerate(products):
            for other in products[max(0, place - NEAR) : place]:
                neighbours[product].add(other)
                neighbours[other].add(product)

    goods = [good.product_id for shelf in shelves.values() for good in shelf]
    assert sum(len(neighbours[good]) >= SLOTS for good in goods) / len(goods) > 0.93


def test_half_of_the_baskets_of_the_past_became_orders() -> None:
    random = Random(1)
    tastes = plant_tastes(small_shop(), 4, random)
    batches = past_batches(tastes, small_shop(), random, opened=datetime.now(UTC), events=2000)
    added: defaultdict[str, set[str]] = defaultdict(set)
    orders: dict[str, set[str]] = {}
    for event in (event for batch in batches for event in batch):
        visitor = event["anonymousId"]
        if event["event"] == "Product Added":
            added[visitor].add(event["properties"]["product_id"])
        elif event["event"] == "Order Completed":
            orders[visitor] = {line["product_id"] for line in event["properties"]["products"]}

    assert 0.35 < len(orders) / len(added) < 0.65
    assert all(ordered == added[visitor] for visitor, ordered in orders.items())
