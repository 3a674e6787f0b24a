"""Wish lists: a user's stands in the database, that of a browser without a user in its session until the log-in."""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from shop.models import Product, Wish
from shop.selectors import products_shown

IN_SESSION = "wishes"
MOST = 200
"""Products of one list: the oldest makes room."""


def wished_ids(request: HttpRequest) -> list[str]:
    """Newest first. Asked for the header of every page, so it is read once a request."""
    known: list[str] | None = getattr(request, "wished_ids", None)
    if known is None:
        known = _read(request)
        request.wished_ids = known  # type: ignore[attr-defined]
    return known


def wished_products(request: HttpRequest) -> list[Product]:
    """Those of them that are still to be had, newest wish first."""
    ids = wished_ids(request)
    found = {product.product_id: product for product in products_shown().filter(product_id__in=ids)}
    return [found[product_id] for product_id in ids if product_id in found]


def wish(request: HttpRequest, product: Product) -> None:
    """Once is enough: a product that is on the list already stays where it is."""
    ids = wished_ids(request)
    if product.product_id not in ids:
        _write(request, [product.product_id, *ids][:MOST])


def unwish(request: HttpRequest, product: Product) -> None:
    _write(request, [each for each in wished_ids(request) if each != product.product_id])


def unwish_all(request: HttpRequest) -> None:
    _write(request, [])


@receiver(user_logged_in)
def keep_through_log_in(request: HttpRequest | None, user: User, **_: Any) -> None:
    """What the browser wished for before joins the user's own list."""
    if request is None or not (brought := request.session.pop(IN_SESSION, None)):
        return
    _add(user, brought)
    request.wished_ids = _of(user)  # type: ignore[attr-defined]


def _read(request: HttpRequest) -> list[str]:
    if request.user.is_authenticated:
        return _of(request.user)
    return list(request.session.get(IN_SESSION, []))


def _write(request: HttpRequest, ids: list[str]) -> None:
    if request.user.is_authenticated:
        Wish.objects.filter(user=request.user).exclude(product__product_id__in=ids).delete()
        _add(request.user, ids)
    else:
        request.session[IN_SESSION] = ids
    request.wished_ids = ids  # type: ignore[attr-defined]


def _of(user: User) -> list[str]:
    return list(
        Wish.objects.filter(user=user)
        .order_by("-added_at", "-pk")
        .values_list("product__product_id", flat=True)
    )


def _add(user: User, ids: list[str]) -> None:
    products = {product.product_id: product for product in Product.objects.filter(product_id__in=ids)}
    wishes = [Wish(user=user, product=products[each]) for each in reversed(ids) if each in products]
    Wish.objects.bulk_create(wishes, ignore_conflicts=True)
