"""The shop as recommendations see it: a view over its tables."""

from decimal import Decimal

import pytest
from django.test import Client

from recommendations.models import Product as Described
from shop.models import Category, Product

pytestmark = pytest.mark.usefixtures("stocked_shop")


def test_products_are_described(client: Client) -> None:
    stored = Product.objects.get(product_id="lmp-002")
    lamp = Described.objects.get(product_id="lmp-002")
    assert (lamp.title, lamp.price, lamp.currency) == (stored.name, stored.price, "EUR")
    assert (lamp.category, lamp.category_name) == ("lamps", "Lamps & lighting")
    assert (lamp.available, lamp.hidden, lamp.added_at) == (stored.stock > 0, False, stored.created_at)
    assert client.get(lamp.url).status_code == client.get(lamp.image).status_code == 200


def test_picture_addresses_are_those_of_the_shop() -> None:
    images = dict(Described.objects.values_list("product_id", "image"))
    assert images == {
        each.product_id: each.picture_url for each in Product.objects.select_related("category")
    }
    assert len(set(images.values())) > 700


@pytest.mark.parametrize("width", [1, 1.0, 0.5, 0.1 + 0.2, 1 / 3, 2.0000001, 0.0001, 12345.75])
def test_picture_addresses_agree_on_every_width(width: float) -> None:
    Product.objects.filter(product_id="mug-001").update(width=width)
    changed = Product.objects.select_related("category").get(product_id="mug-001")
    assert Described.objects.get(product_id="mug-001").image == changed.picture_url


def test_what_is_written_in_bulk_shows_at_once() -> None:
    lamps = Category.objects.get(slug="lamps")
    Product.objects.bulk_create(
        [
            Product(
                product_id="new-1", category=lamps, name="New", price=Decimal("5.50"), stock=1, colour="ink"
            )
        ]
    )
    Product.objects.filter(category__slug="mugs").update(stock=0)
    Product.objects.filter(product_id="mug-001").update(hidden=True)
    assert Described.objects.get(product_id="new-1").price == Decimal("5.50")
    mugs = Described.objects.filter(category="mugs")
    assert not mugs.filter(available=True).exists()
    assert [each.product_id for each in mugs.filter(hidden=True)] == ["mug-001"]
