"""Segment's and RudderStack's SDKs for Node, as npm has them."""

import random
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.clients import packages
from tests.clients.keys import write_key
from tests.clients.received import Received
from tests.stack import Product
from tracking.events import Event

MANY = 300
SCRIPTS = [
    pytest.param("segment_node.cjs", {}, id="segment"),
    pytest.param("rudder_node.cjs", {"gzip": True}, id="rudder-gzip"),
    pytest.param("rudder_node.cjs", {"gzip": False}, id="rudder-plain"),
]

pytestmark = pytest.mark.usefixtures("node_packages")


def settings_for(product: Product) -> dict[str, Any]:
    return {
        "host": product.shop.rstrip("/"),
        "writeKey": product.write_key,
        "visitor": f"visitor-{uuid4()}",
        "user": f"user-{uuid4()}",
        "number": random.randrange(10**9, 10**10),
        "many": MANY,
    }


@pytest.mark.parametrize(("script", "options"), SCRIPTS)
def test_what_is_told_delivered_is_in_the_log_once(
    product: Product, received: Received, script: str, options: dict[str, Any]
) -> None:
    settings = settings_for(product) | options

    told = packages.run(script, **settings)

    assert told["failed"] == []
    assert len(told["delivered"]) == MANY + 6
    events = list(received.once(told["delivered"]).values())
    check_each_kind(events, settings)


def check_each_kind(events: list[Event], settings: dict[str, Any]) -> None:
    """What was sealed and what was not comes back as it was sent."""
    of = {str(event.type): event for event in events if event.event != "Product Viewed"}
    visitor, user, number = settings["visitor"], settings["user"], settings["number"]
    assert (of["page"].properties["name"], of["page"].properties["category"]) == ("Home", "Docs")
    assert (of["screen"].visitor_id, of["screen"].properties["name"]) == (visitor, "Cart")
    assert (of["identify"].visitor_id, of["identify"].user_id) == (visitor, user)
    traits = of["identify"].properties.get("traits") or of["identify"].context["traits"]
    assert traits["email"] == "ann@example.org"
    assert of["group"].properties["groupId"] == str(number)
    assert (of["alias"].visitor_id, of["alias"].user_id) == (visitor, user)
    assert of["identify"].person_id is not None
    assert of["identify"].person_id == of["alias"].person_id == of["track"].person_id
    order = of["track"]
    assert (order.visitor_id, order.product_ids) == (user, [str(number), "mug-8"])
    assert (order.properties["total"], order.properties["products"][0]["price"]) == (59.8, 19.9)
    age = datetime.fromisoformat(order.received_at) - datetime.fromisoformat(order.occurred_at)
    assert 3590 < age.total_seconds() < 3660


@pytest.mark.parametrize(("script", "options"), SCRIPTS)
def test_a_limited_key_makes_the_client_wait_and_loses_nothing(
    product: Product, received: Received, script: str, options: dict[str, Any]
) -> None:
    with write_key(product, rate_limit=100) as key:
        told = packages.run(script, **settings_for(product) | options | {"writeKey": key})

    assert told["failed"] == []
    received.once(told["delivered"])
    assert len(told["delivered"]) == MANY + 6


@pytest.mark.parametrize(("script", "options"), SCRIPTS)
def test_an_unknown_key_is_told(product: Product, script: str, options: dict[str, Any]) -> None:
    told = packages.run(script, **settings_for(product) | options | {"writeKey": "unknown", "many": 0})

    assert told["delivered"] == []
    assert told["failed"]
