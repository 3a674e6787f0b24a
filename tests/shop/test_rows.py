"""Home's rows of the visitor's own."""

import re

import pytest
from django.test import Client

from shop.rows import OwnRows, own_rows
from tests.conftest import Connection
from tests.recommendations.conftest import goods as goods
from tests.recommendations.folding import browse
from tracking.visitors import COOKIE, cookie_of_visitor

pytestmark = pytest.mark.usefixtures("goods")


def home_of(visitor: str) -> str:
    client = Client()
    client.cookies[COOKIE] = cookie_of_visitor(visitor)
    return client.get("/").content.decode()


def test_home_shows_what_is_like_the_newest_and_what_moves_in_their_category(model: Connection) -> None:
    browse(model, "w1: tea-1 tea-2", "w2: tea-1 tea-2", "v: mug-1 tea-3 tea-1")
    rows = own_rows("v")
    assert rows.like is not None
    assert (rows.like.product_id, rows.category_slug) == ("tea-1", "tea")
    html = home_of("v")
    like = re.search(
        r'aria-label="More like “Tea number 1”" data-list="similar"(.*?)</section>', html, re.DOTALL
    )
    assert like
    assert 'data-product-id="tea-2" data-position="1"' in like[1]


def test_somebody_new_has_no_rows_of_their_own(model: Connection) -> None:
    assert own_rows("nobody") == OwnRows()
    assert "More like" not in home_of("nobody")
