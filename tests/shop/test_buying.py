"""A demo shopper at the till of the real shop."""

import asyncio
from collections.abc import Iterator
from functools import partial
from random import Random

import httpx
import pytest
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client

from shop.models import Product
from shop.orders.models import OrderView, PretendCharge
from shop.shoppers import buying
from shop.shoppers.buying import buy
from shop.shoppers.shelves import read_shelves
from shop.shoppers.site import Site

pytestmark = pytest.mark.usefixtures("stocked_shop")


@pytest.fixture(autouse=True)
def shared_connection() -> Iterator[None]:
    """Pages are made in another thread, as by a server, and see what the test has not committed."""
    connection.inc_thread_sharing()
    yield
    connection.dec_thread_sharing()


async def shop_of_django(shared: BaseDatabaseWrapper, request: httpx.Request) -> httpx.Response:
    """The shop's own views behind the shopper's client, with its check of forms."""
    return await asyncio.to_thread(answer, request, shared)


def answer(request: httpx.Request, shared: BaseDatabaseWrapper) -> httpx.Response:
    connections["default"] = shared
    try:
        page = Client(enforce_csrf_checks=True).generic(
            request.method,
            request.url.raw_path.decode(),
            request.content,
            content_type=request.headers.get("Content-Type", ""),
            headers={"cookie": request.headers.get("Cookie", ""), "host": "testserver"},
        )
    finally:
        del connections["default"]
    cookies = [("Set-Cookie", morsel.OutputString()) for morsel in page.cookies.values()]
    return httpx.Response(page.status_code, headers=[*page.headers.items(), *cookies], content=page.content)


def go_shopping(*product_ids: str) -> bool:
    goods = [good for shelf in read_shelves().values() for good in shelf if good.product_id in product_ids]
    site = Site(
        "http://testserver/",
        "the-key",
        transport=httpx.MockTransport(partial(shop_of_django, connections["default"])),
    )
    return asyncio.run(buy(goods, site, httpx.Cookies(), Random(1)))


def test_what_a_shopper_chose_is_ordered_and_paid() -> None:
    Product.objects.filter(product_id__in=["mug-001", "mug-002"]).update(stock=5)

    assert go_shopping("mug-001", "mug-002")

    order = OrderView.objects.get()
    assert (order.status, order.quantity) == ("paid", 2)


def test_a_declined_card_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buying, "DECLINED", 1)
    Product.objects.filter(product_id="mug-001").update(stock=5)

    assert go_shopping("mug-001")

    assert sorted(PretendCharge.objects.values_list("answer", flat=True)) == ["charged", "declined"]
    assert OrderView.objects.get().status == "paid"


def test_what_is_sold_out_ends_the_shopping() -> None:
    Product.objects.filter(product_id="mug-001").update(stock=0)

    assert not go_shopping("mug-001")
    assert not OrderView.objects.exists()
