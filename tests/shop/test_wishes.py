"""Wish lists: of a browser, of a user, and of a browser that becomes a user's."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from shop.models import Product, Wish

pytestmark = pytest.mark.usefixtures("stocked_shop")


@pytest.fixture
def ada(settings: Settings) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return User.objects.create_user("ada", password="a long enough secret")


def wish(client: Client, product_id: str, wanted: str = "yes", **headers: str) -> str:
    answer = client.post(f"/wishes/{product_id}/", {"wanted": wanted}, headers=headers, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def listed(client: Client) -> list[str]:
    answer = client.get("/wishes/")
    return [product.product_id for product in answer.context["products"]]


def test_a_browser_without_a_user_has_a_wish_list(client: Client) -> None:
    for product_id in ("mug-001", "lmp-002", "mug-001"):
        wish(client, product_id)
    assert listed(client) == ["lmp-002", "mug-001"]
    wish(client, "mug-001", wanted="no")
    assert listed(client) == ["lmp-002"]
    assert listed(Client()) == []


def test_the_wish_list_comes_along_through_log_in(client: Client, ada: User) -> None:
    Wish.objects.create(user=ada, product=Product.objects.get(product_id="lmp-001"))
    wish(client, "mug-001")
    wish(client, "lmp-001")
    client.post("/me/log-in/", {"username": "ada", "password": "a long enough secret"})
    assert set(listed(client)) == {"mug-001", "lmp-001"}
    client.post("/me/log-out/")
    assert listed(client) == []
    elsewhere = Client()
    elsewhere.force_login(ada)
    assert set(listed(elsewhere)) == {"mug-001", "lmp-001"}


def test_the_button_tells_its_state_and_htmx_gets_only_the_button_and_the_count(client: Client) -> None:
    assert 'aria-pressed="false"' in client.get("/p/mug-001/").content.decode()
    part = wish(client, "mug-001", hx_request="true")
    assert 'aria-pressed="true"' in part
    assert 'class="tool__count" hx-swap-oob="true">1<' in part
    assert "<main" not in part
    assert 'aria-pressed="true"' in client.get("/p/mug-001/").content.decode()


def test_what_is_hidden_leaves_the_list_and_cannot_be_wished_for(client: Client) -> None:
    wish(client, "mug-001")
    Product.objects.filter(product_id="mug-001").update(hidden=True)
    assert listed(client) == []
    assert client.post("/wishes/mug-001/", {"wanted": "yes"}).status_code == 404
    assert client.get("/wishes/mug-001/").status_code == 405


def test_wished_products_are_a_tracked_list(client: Client) -> None:
    wish(client, "mug-001")
    html = client.get("/wishes/").content.decode()
    assert 'data-list="wishes"' in html
    assert 'data-product-id="mug-001" data-position="1"' in html
