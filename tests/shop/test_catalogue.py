"""The shop as recommendations see it."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from shop.catalogue import ShopCatalogue
from shop.models import Product

pytestmark = pytest.mark.usefixtures("stocked_shop")


def test_products_are_described_in_one_query(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    stored = Product.objects.get(product_id="lmp-002")
    with django_assert_num_queries(1):
        found = ShopCatalogue().products(["lmp-002", "mug-001", "no-such"])
    assert list(found) == ["lmp-002", "mug-001"]
    lamp = found["lmp-002"]
    assert (lamp.title, lamp.price, lamp.currency) == (stored.name, stored.price, "EUR")
    assert (lamp.category, lamp.category_name) == ("lamps", "Lamps & lighting")
    assert lamp.available == (stored.stock > 0)
    assert client.get(lamp.url).status_code == client.get(lamp.image).status_code == 200


def test_hidden_products_are_unknown() -> None:
    Product.objects.filter(product_id="mug-001").update(hidden=True)
    assert ShopCatalogue().products(["mug-001"]) == {}
    assert "mug-001" not in ShopCatalogue().in_category("mugs")


def test_product_without_stock_is_not_available() -> None:
    Product.objects.filter(product_id="mug-001").update(stock=0)
    assert not ShopCatalogue().products(["mug-001"])["mug-001"].available


def test_category_lists_its_products() -> None:
    ids = ShopCatalogue().in_category("mugs")
    assert ids == sorted(ids)
    assert len(ids) == 34
    assert ShopCatalogue().in_category("no-such") == []
