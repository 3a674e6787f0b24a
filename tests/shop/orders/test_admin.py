"""Orders in the admin: found, looked at as they were, and given back by who may."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from shop.models import Product
from shop.orders.models import OrderView
from shop.orders.order import number_of
from shop.stock.models import StockLevel
from tests.shop.orders.acting import ordered, paid

pytestmark = pytest.mark.usefixtures("stocked_shop")
LIST = "/admin/shop/orderview/"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("op"))
    return client


def text(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_an_order_is_found_by_its_number(operator: Client) -> None:
    order_id, other = paid("mug-001"), ordered("mug-002")

    page = text(operator, f"{LIST}?q={number_of(order_id).lower()}")

    assert number_of(order_id) in page
    assert number_of(other) not in page
    assert number_of(other) in text(operator, LIST)
    assert number_of(other) in text(operator, f"{LIST}?q={other}")
    assert number_of(other) not in text(operator, f"{LIST}?q=nonsense")


def test_its_page_shows_every_fact_and_any_past_state(operator: Client) -> None:
    order_id = paid("mug-001")

    now, before = (text(operator, f"{LIST}{order_id}/change/{q}") for q in ("", "?version=1"))

    for kind in ("Placed", "PaymentStarted", "PaymentSucceeded"):
        assert kind in now
        assert kind in before
    assert "How it is now" in now
    assert "How it was after fact 1 of 3" in before
    assert '<td class="px-3 py-2">paid</td>' in now
    assert '<td class="px-3 py-2">placed</td>' in before
    for wrong in (f"{order_id}/change/?version=9", "nonsense/change/"):
        assert operator.get(LIST + wrong).status_code == 404


def test_a_refund_asks_why_and_stands_among_the_facts_and_in_the_history(operator: Client) -> None:
    order_id = paid("mug-001")
    stock = Product.objects.get(product_id="mug-001").stock
    address = f"{LIST}{order_id}/refund/"

    assert operator.post(address, {"reason": " "}).status_code == 400
    assert OrderView.objects.get().status == "paid"
    page = operator.post(address, {"reason": "broken"}, follow=True).content.decode()

    assert "Refunded" in page
    assert "broken" in page
    assert (OrderView.objects.get().status, Product.objects.get(product_id="mug-001").stock) == (
        "refunded",
        stock + 1,
    )
    assert "broken" in LogEntry.objects.get().change_message
    assert "only a paid one" in operator.post(address, {"reason": "again"}, follow=True).content.decode()


def test_only_who_may_refund_can(client: Client) -> None:
    order_id = paid("mug-001")
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_orderview"))
    client.force_login(clerk)

    assert "Refund this order" not in text(client, f"{LIST}{order_id}/change/")
    assert client.post(f"{LIST}{order_id}/refund/", {"reason": "broken"}).status_code == 403
    assert OrderView.objects.get().status == "paid"


def test_a_count_in_the_admin_is_a_fact_and_leaves_reservations_alone(operator: Client) -> None:
    ordered("mug-001")
    product = Product.objects.get(product_id="mug-001")

    answer = operator.post(f"/admin/shop/product/{product.pk}/change/", {"stock": "40"})

    assert answer.status_code == 302
    product.refresh_from_db()
    level = StockLevel.objects.get(product_id="mug-001")
    assert (product.stock, level.available, level.reserved) == (40, 40, 1)
