"""Reviews: written once a user, summed up by the database, shown on the page."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client

from shop.models import Product, Review
from shop.reviews.reviews import summary_of
from shop.seed.loading import load_demo_catalogue

pytestmark = pytest.mark.usefixtures("stocked_shop")


@pytest.fixture
def mug() -> Product:
    Review.objects.filter(product__product_id="mug-001").delete()
    return Product.objects.get(product_id="mug-001")


def summed(product: Product) -> tuple[Decimal | None, int]:
    product.refresh_from_db()
    return product.rating, product.review_count


def test_the_sum_follows_every_way_that_reviews_change(mug: Product) -> None:
    assert summed(mug) == (None, 0)
    Review.objects.bulk_create(Review(product=mug, rating=stars, title="So") for stars in (5, 4, 4))
    assert summed(mug) == (Decimal("4.33"), 3)
    Review.objects.filter(product=mug, rating=5).update(rating=1)
    assert summed(mug) == (Decimal("3.00"), 3)
    Review.objects.filter(product=mug, rating=1).delete()
    assert summed(mug) == (Decimal("4.00"), 2)


def test_bars_count_each_number_of_stars(mug: Product) -> None:
    Review.objects.bulk_create(Review(product=mug, rating=stars, title="So") for stars in (5, 5, 5, 2))
    bars = summary_of(mug).bars
    assert [(bar.stars, bar.count, bar.percent) for bar in bars] == [
        *((5, 3, 75), (4, 0, 0), (3, 0, 0), (2, 1, 25), (1, 0, 0))
    ]


def test_a_user_reviews_once_and_may_think_again(client: Client, mug: Product) -> None:
    client.force_login(User.objects.create_user("ada"))
    for stars in ("2", "5"):
        answer = client.post(
            "/p/mug-001/review/", {"rating": stars, "title": "Well", "text": "It holds tea."}
        )
        assert answer.headers["Location"] == "/p/mug-001/#reviews"
    assert summed(mug) == (Decimal("5.00"), 1)
    page = client.get("/p/mug-001/").content.decode()
    assert "It holds tea." in page
    assert "5 of 5 stars" in page
    assert "ada," in page


@pytest.mark.parametrize(
    "said", [{"rating": "6", "title": "x"}, {"rating": "3"}, {"rating": "", "title": "x"}]
)
def test_half_a_review_is_not_kept(client: Client, mug: Product, said: dict[str, str]) -> None:
    client.force_login(User.objects.create_user("ada"))
    answer = client.post("/p/mug-001/review/", said)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert summed(mug) == (None, 0)


def test_only_users_write_reviews(client: Client, mug: Product) -> None:
    answer = client.post("/p/mug-001/review/", {"rating": "5", "title": "Mine"})
    assert answer.headers["Location"].startswith("/me/log-in/?next=/p/mug-001/review/")
    assert summed(mug) == (None, 0)


def test_samples_say_that_they_are_samples_and_come_once() -> None:
    count = Review.objects.count()
    load_demo_catalogue()
    assert Review.objects.count() == count > 1000
    sampled = Review.objects.select_related("product").earliest("pk").product
    page = Client().get(sampled.get_absolute_url()).content.decode()
    assert page.count("Sample review of the demo catalogue") == min(sampled.review_count, 6) > 0
