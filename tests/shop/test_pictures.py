import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from shop.models import Category, Product

pytestmark = pytest.mark.usefixtures("stocked_shop")


def test_picture_may_be_kept_for_a_year_and_costs_no_query_again(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    url = Product.objects.select_related("category").get(product_id="mug-003").picture_url
    answer = client.get(url)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in answer.headers
    with django_assert_num_queries(0):
        assert client.get(url).content == answer.content


def test_picture_that_is_known_is_not_sent_again(client: Client) -> None:
    url = Category.objects.get(slug="mugs").picture_url
    etag = client.get(url).headers["ETag"]
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("query", ["", "?v=0000000000", "?v=%0d%0aX"])
def test_outdated_address_leads_to_the_picture_of_today(client: Client, query: str) -> None:
    product = Product.objects.select_related("category").get(product_id="mug-003")
    answer = client.get(f"/img/mug-003.svg{query}")
    assert answer.status_code == 302
    assert answer.headers["Location"] == product.picture_url


def test_new_colour_is_a_new_address() -> None:
    product = Product.objects.select_related("category").get(product_id="mug-003")
    before = product.picture_url
    product.colour = "fern" if product.colour != "fern" else "rust"
    assert product.picture_url != before


@pytest.mark.parametrize("path", ["/img/none.svg", "/img/category/none.svg"])
def test_no_picture_of_what_is_not_there(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
