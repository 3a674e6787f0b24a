import re

import pytest
from django.test import Client

from shop.models import Product
from shop.shoppers.shelves import category_path, read_shelves

pytestmark = pytest.mark.usefixtures("stocked_shop")


def test_shelves_are_as_the_pages_show_them(client: Client) -> None:
    shelf = read_shelves()["mugs"]
    html = client.get(category_path("mugs")).content.decode()
    shown = re.findall(r'href="([^"]+)" data-product-id="([^"]+)" data-position="(\d+)"', html)
    assert [(good.path, good.product_id, str(good.position)) for good in shelf][:24] == shown
    assert f'data-list="{shelf[0].list_id}"' in html


def test_hidden_products_are_on_no_shelf() -> None:
    Product.objects.filter(product_id="mug-001").update(hidden=True)
    assert "mug-001" not in {good.product_id for good in read_shelves()["mugs"]}
