"""Projections are made of facts alone: deleted or damaged, they come back equal."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from shop.basket.models import BasketView
from shop.models import Product
from shop.orders.models import OrderEntry, OrderView
from shop.orders.paying import refund
from shop.stock.inventory import set_counts
from shop.stock.models import StockLevel
from tests.shop.orders.acting import ordered, paid

pytestmark = pytest.mark.usefixtures("stocked_shop")


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("rebuild_projections", *arguments, stdout=said)
    return said.getvalue()


@pytest.fixture
def busy_shop() -> None:
    set_counts({"mug-001": 9, "mug-002": 9})
    refund(paid("mug-001", "mug-002"), "broken", "ada")
    paid("mug-001")
    ordered("mug-002")


def test_what_pages_read_equals_a_rebuild(busy_shop: None) -> None:
    said = run("--verify")
    assert said.count("equal") == 4
    assert "shop_order: 3 rows" in said


def test_deleted_projections_come_back(busy_shop: None) -> None:
    orders = list(OrderView.objects.order_by("pk").values())
    entries = list(OrderEntry.objects.order_by("order_id", "version").values_list("order_id", "kind"))
    levels = list(StockLevel.objects.order_by("pk").values())
    for model in (OrderView, OrderEntry, StockLevel, BasketView):
        model.objects.all().delete()

    run()

    assert list(OrderView.objects.order_by("pk").values()) == orders
    assert list(OrderEntry.objects.order_by("order_id", "version").values_list("order_id", "kind")) == entries
    assert list(StockLevel.objects.order_by("pk").values()) == levels
    assert BasketView.objects.count() == 3


@pytest.mark.parametrize(
    ("projection", "model", "damage"),
    [
        ("orders", OrderView, {"status": "paid"}),
        ("stock", StockLevel, {"sold": 77}),
        ("baskets", BasketView, {"lines": [["mug-001", 3]]}),
    ],
)
def test_damage_is_found_and_a_comparison_changes_nothing(
    busy_shop: None, projection: str, model: type[OrderView], damage: dict[str, object]
) -> None:
    model.objects.update(**damage)

    with pytest.raises(CommandError, match="differ"):
        run(projection, "--verify")

    assert model.objects.filter(**damage).count() == model.objects.count()
    run(projection)
    assert "equal" in run(projection, "--verify")


def test_products_show_the_rebuilt_stock(busy_shop: None) -> None:
    Product.objects.filter(product_id="mug-001").update(stock=500)
    run("stock")
    assert Product.objects.get(product_id="mug-001").stock == 8
