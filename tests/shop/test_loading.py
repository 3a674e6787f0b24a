"""`load_catalogue`, which runs at every start."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command

from shop.models import Category, Product
from shop.seed.loading import load_demo_catalogue

pytestmark = pytest.mark.usefixtures("stocked_shop")


def test_loading_again_changes_nothing() -> None:
    changes = load_demo_catalogue()
    assert (changes.added, changes.changed) == (0, 0)
    assert changes.unchanged == Product.objects.count() >= 600


def test_loading_mends_what_differs_and_says_so() -> None:
    Product.objects.filter(product_id="mug-001").update(price=Decimal(1))
    Product.objects.filter(product_id="mug-002").delete()
    out = StringIO()
    call_command("load_catalogue", stdout=out)
    assert "1 products added, 1 changed" in out.getvalue()
    assert Product.objects.get(product_id="mug-001").price > 1
    assert Product.objects.filter(product_id="mug-002").exists()


def test_loading_leaves_stock_and_hidden_to_the_running_shop() -> None:
    Product.objects.filter(product_id="mug-001").update(stock=77, hidden=True, name="Mended")
    load_demo_catalogue()
    mug = Product.objects.get(product_id="mug-001")
    assert (mug.stock, mug.hidden) == (77, True)
    assert mug.name != "Mended"


def test_loading_mends_a_category() -> None:
    Category.objects.filter(slug="mugs").update(hue=1)
    load_demo_catalogue()
    assert Category.objects.get(slug="mugs").hue != 1


def test_loading_leaves_other_products_alone() -> None:
    own = Product.objects.get(product_id="mug-001")
    own.pk, own.product_id, own.name = None, "own-1", "Not of the demo"
    own.save(force_insert=True)
    load_demo_catalogue()
    assert Product.objects.get(product_id="own-1").name == "Not of the demo"
