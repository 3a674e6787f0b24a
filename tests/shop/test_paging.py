import pytest
from django.test import Client

from shop.models import Product
from shop.paging import PAGE_SIZE, page_of
from shop.selectors import products_shown

pytestmark = pytest.mark.usefixtures("stocked_shop")


@pytest.mark.parametrize(
    ("asked", "number"),
    [(None, 1), ("", 1), ("0", 1), ("abc", 1), ("-3", 1), ("2", 2), ("9999", 2), ("²", 1), ("9" * 40, 1)],
)
def test_any_page_asked_for_gets_one_that_is_there(asked: str | None, number: int) -> None:
    mugs = products_shown().filter(category__slug="mugs").order_by("product_id")
    assert page_of(mugs, asked).number == number


def test_pages_together_are_the_whole_list_once() -> None:
    mugs = products_shown().filter(category__slug="mugs").order_by("product_id")
    pages = [list(page_of(mugs, str(number))) for number in (1, 2)]
    assert len(pages[0]) == PAGE_SIZE
    assert pages[0] + pages[1] == list(mugs)


def test_empty_list_has_an_empty_page() -> None:
    assert list(page_of(Product.objects.none(), "3")) == []


def test_links_to_other_pages_keep_the_sort(client: Client) -> None:
    html = client.get("/c/mugs/?sort=price&page=1").content.decode()
    assert 'rel="next" href="?sort=price&amp;page=2"' in html
