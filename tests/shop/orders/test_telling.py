"""What the tracking is told of baskets and orders."""

from uuid import uuid4

import pytest

from shop.basket.changing import add, basket_of, change
from shop.orders.paying import refund
from shop.orders.telling import Telling
from tests.shop.orders.acting import paid
from tracking.erasure import erase_visitor
from tracking.events import Event, decode
from tracking.models import CollectedMinute, SpooledRecord

pytestmark = pytest.mark.usefixtures("stocked_shop")


def told() -> list[Event]:
    Telling().catch_up()
    rows = SpooledRecord.objects.exclude(value=None).order_by("id")
    return [decode(bytes(row.value)) for row in rows if row.value is not None]


def test_an_order_is_told_as_segment_names_it() -> None:
    order_id = paid("mug-001", "mug-002", visitor="anna")
    refund(order_id, "broken", "ada")

    events = told()
    assert [event.event for event in events] == [
        "Product Added",
        "Product Added",
        "Checkout Started",
        "Order Completed",
        "Order Refunded",
    ]
    assert {event.visitor_id for event in events} == {"anna"}
    completed = events[3]
    assert completed.products == ["mug-001", "mug-002"]
    assert completed.properties["order_id"] == str(order_id)
    assert completed.properties["total"] == sum(line["price"] for line in completed.properties["products"])
    assert completed.event_id == f"{order_id}-3"


def test_each_fact_is_told_once_and_counted_as_accepted() -> None:
    paid("mug-001", visitor="anna")
    assert len(told()) == 3
    assert len(told()) == 3

    accepted = CollectedMinute.objects.filter(source="shop").values_list("accepted", "spooled")
    assert [sum(column) for column in zip(*accepted, strict=True)] == [3, 3]


def test_a_smaller_quantity_is_told_as_a_removal() -> None:
    customer = uuid4()
    add(customer, "mug-001", 5, "anna")
    change(customer, "mug-001", 2, "anna", seen=basket_of(customer).version)

    added, removed = told()
    assert (added.event, added.properties["quantity"]) == ("Product Added", 5)
    assert (removed.event, removed.properties["quantity"]) == ("Product Removed", 3)


@pytest.mark.parametrize("visitor", ["", "erased"])
def test_nothing_is_told_without_consent_or_after_an_erasure(visitor: str) -> None:
    erase_visitor("erased", asked_by="visitor")
    paid("mug-001", visitor=visitor)

    assert told() == []
