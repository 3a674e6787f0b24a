"""A customer with a browser, as tests drive one through the shop."""

import re
from typing import Any
from uuid import UUID

from django.test import Client

from shop.orders.models import OrderView

ADDRESS = {"name": "Ada Byron", "street": "Weir Lane 1", "postcode": "10115", "city": "Berlin", "email": ""}


def add(browser: Client, product_id: str, quantity: int = 1) -> Any:
    return browser.post("/cart/add/", {"product_id": product_id, "quantity": quantity}, follow=True)


def hidden_fields(html: str) -> dict[str, str]:
    """Of the page's forms, by name."""
    inputs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html)
    return dict(inputs)


def check_out(browser: Client, **changed: str) -> Any:
    seen = hidden_fields(browser.get("/checkout/").content.decode())
    return browser.post("/checkout/", ADDRESS | {n: seen.get(n, "") for n in ("basket", "total")} | changed)


def order_of(answer: Any) -> OrderView:
    """The order to whose page the checkout led."""
    assert answer.status_code == 302
    return OrderView.objects.get(order_id=UUID(answer.headers["Location"].split("/")[2]))


def pay(browser: Client, order: OrderView, card: str = "accepted", key: str = "") -> Any:
    page = browser.get(order.get_absolute_url()).content.decode()
    key = key or hidden_fields(page)["key"]
    return browser.post(f"{order.get_absolute_url()}pay/", {"key": key, "card": card}, follow=True)
