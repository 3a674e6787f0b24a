"""The catalogue in the admin: stock and hiding can be changed, what is loaded cannot."""

import pytest
from django.test import Client
from django.urls import reverse

from shop.models import Product

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug(stocked_shop: None) -> Product:
    return Product.objects.order_by("product_id")[0]


def test_products_are_listed_and_found(admin_client: Client, mug: Product) -> None:
    address = reverse("admin:shop_product_changelist")
    assert mug.name in admin_client.get(address, {"q": mug.product_id}).content.decode()
    assert admin_client.get(reverse("admin:shop_category_changelist")).status_code == 200


def test_stock_can_be_changed_and_price_cannot(admin_client: Client, mug: Product) -> None:
    address = reverse("admin:shop_product_change", args=[mug.pk])
    answer = admin_client.post(address, {"stock": "7", "hidden": "on", "price": "0.01"})
    assert answer.status_code == 302
    changed = Product.objects.get(pk=mug.pk)
    assert (changed.stock, changed.hidden, changed.price) == (7, True, mug.price)


def test_nothing_is_added_or_deleted_by_hand(admin_client: Client, mug: Product) -> None:
    assert admin_client.get(reverse("admin:shop_product_add")).status_code == 403
    assert admin_client.get(reverse("admin:shop_product_delete", args=[mug.pk])).status_code == 403
