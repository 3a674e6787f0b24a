"""Facts as they were written by earlier versions stay readable, for ever.

`samples/version-N.json` holds stored facts as that version wrote them; a sample is added, never changed.
"""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import Notification

from shop.basket.projection import Baskets
from shop.facts.application import facts, find
from shop.facts.following import fact_of
from shop.facts.models import StoredEvent
from shop.orders.models import OrderView
from shop.orders.order import Order, Status
from shop.orders.projection import Orders
from shop.stock.projection import StockLevels

SAMPLES = Path(__file__).parent / "samples"
KINDS = {*Baskets.facts, *Orders.facts, *StockLevels.facts}


def stored(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((SAMPLES / name).read_text())
    return found


def read(sample: dict[str, Any], place: int = 1) -> DomainEvent:
    state = json.dumps(sample["state"]).encode()
    origin = UUID(sample["originator_id"])
    return fact_of(Notification(origin, sample["originator_version"], sample["topic"], state, place))


def test_there_is_a_sample_of_every_kind_of_fact() -> None:
    assert {type(read(sample)) for sample in stored("version-1.json")} == KINDS


def test_version_1_of_an_order_was_in_euros() -> None:
    (placed, *_) = [read(sample) for sample in stored("version-1.json")]
    assert isinstance(placed, Order.Placed)
    assert placed.currency == "EUR"


def test_what_is_written_today_is_written_as_todays_version() -> None:
    (placed, *_) = [read(sample) for sample in stored("version-1.json")]
    state = json.loads(facts().mapper.to_stored_event(placed).state)
    assert (state["class_version"], state["currency"]) == (2, "EUR")


@pytest.mark.django_db
def test_an_order_of_version_1_has_its_state_and_its_page() -> None:
    samples = [s for s in stored("version-1.json") if s["topic"].startswith("shop.orders.")]
    for sample in samples:
        StoredEvent.objects.create(**sample | {"state": json.dumps(sample["state"]).encode()})
    order_id = UUID(samples[0]["originator_id"])

    order = find(Order, order_id)
    assert order is not None
    assert (order.status, order.currency, order.version) == (Status.REFUNDED, "EUR", 8)

    before = find(Order, order_id, version=6)
    assert before is not None
    assert before.status is Status.PAID
    Orders().follow([read(sample, place) for place, sample in enumerate(samples[:8], 1)])
    assert OrderView.objects.get().currency == "EUR"
