from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from shop.models import Category, Product
from shop.seed.loading import load_demo_catalogue


@pytest.fixture(scope="package")
def demo_goods(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The demo catalogue, loaded once for these tests; each test's own changes are rolled back."""
    with django_db_blocker.unblock():
        load_demo_catalogue()
    yield
    with django_db_blocker.unblock():
        Product.objects.all().delete()
        Category.objects.all().delete()


@pytest.fixture
def stocked_shop(demo_goods: None, db: None) -> None:
    """A database with the demo catalogue in it."""


@pytest.fixture
def empty_shop(db: None) -> None:
    """A shop without products; what other tests left in it is back afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE shop_category CASCADE")
