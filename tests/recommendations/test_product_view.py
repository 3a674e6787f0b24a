"""The view of the site's products: any site's, made after migrations and out of their way before them."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Concat, Lower, Now
from pytest_django import DjangoAssertNumQueries, Settings

from recommendations.catalogue import ProductColumns, catalogue
from recommendations.models import Product
from recommendations.product_view import VIEW, drop_before_migration, make, make_after_migration


def groups() -> ProductColumns:
    """Another site, which sells groups."""
    return ProductColumns(
        of=Group.objects.all(),
        product_id=Lower("name"),
        title="name",
        url=Concat(Value("/100%/"), Lower("name")),
        image=Value("/it's.svg"),
        price=F("id") * Value(0) + Value(2),
        currency=Value("USD"),
        category=Value("all"),
        category_name=Value("All"),
        available=Value(True),
        hidden=Value(False),
        consumable=Value(True),
        added_at=Now(),
    )


@pytest.fixture
def elsewhere(db: None) -> None:
    """A schema of its own, so that no other connection waits for the view; rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA elsewhere")
        cursor.execute("SET LOCAL search_path = elsewhere, public")


def exists() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"elsewhere.{VIEW}"])
        return bool(cursor.fetchone()[0])


def migrating(*app_labels: str) -> list[tuple[SimpleNamespace, bool]]:
    return [(SimpleNamespace(app_label=each), False) for each in app_labels]


def test_another_site_names_its_own_products(elsewhere: None) -> None:
    Group.objects.create(name="Anglers")
    make(groups())
    product = Product.objects.get()
    assert (product.product_id, product.title, product.url) == ("anglers", "Anglers", "/100%/anglers")
    assert (product.image, product.price, product.currency) == ("/it's.svg", Decimal(2), "USD")


def test_view_that_is_right_is_not_made_again(
    elsewhere: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make(groups())
    with django_assert_num_queries(3):
        make(groups())


def test_migration_of_the_products_drops_the_view_and_makes_it_again(elsewhere: None) -> None:
    make_after_migration(using="default")
    assert exists()
    drop_before_migration(using="default", plan=migrating("tracking", "auth"))
    assert exists()
    drop_before_migration(using="default", plan=migrating("shop"))
    assert not exists()
    make_after_migration(using="default")
    assert exists()


def test_catalogue_that_is_not_there_is_named(settings: Settings) -> None:
    settings.RECOMMENDATIONS_CATALOGUE = "nowhere.Catalogue"
    with pytest.raises(ImproperlyConfigured, match="cannot be imported"):
        catalogue()
