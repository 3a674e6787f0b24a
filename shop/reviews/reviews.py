"""What customers say of a product: read, summed up, written."""

from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Count
from django.utils import timezone

from shop.models import Product, Review

NEWEST = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """How many gave so many stars, also in percent of all."""

    stars: int
    count: int
    percent: int


@dataclass(frozen=True, slots=True)
class Summary:
    bars: list[Bar]
    newest: list[Review]


def summary_of(product: Product) -> Summary:
    counts = dict(
        product.reviews.order_by()
        .values_list("rating")
        .annotate(count=Count("pk"))
        .values_list("rating", "count")
    )
    total = sum(counts.values())
    bars = [
        Bar(stars, count := counts.get(stars, 0), round(100 * count / total) if total else 0)
        for stars in range(5, 0, -1)
    ]
    newest = product.reviews.select_related("user").order_by("-written_at", "-pk")[:NEWEST]
    return Summary(bars, list(newest))


def review_of(product: Product, user: AbstractBaseUser) -> Review | None:
    return Review.objects.filter(product=product, user_id=user.pk).first()


def write_review(*, product: Product, user: AbstractBaseUser, rating: int, title: str, text: str) -> Review:
    """The user's one review of it: a second replaces the first."""
    said = {"rating": rating, "title": title, "text": text, "written_at": timezone.now()}
    review, _ = Review.objects.update_or_create(product=product, user_id=user.pk, defaults=said)
    return review
