"""The pictures of products and categories, drawn once in each process."""

from functools import lru_cache

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.http import condition, require_safe

from shop.art.pictures import draw
from shop.models import Category, Product

YEAR = 31_536_000


class OutdatedPictureError(Exception):
    """The picture has changed since the address was made; it carries the address to go to."""


def _version(request: HttpRequest, *_: object, **__: object) -> str | None:
    version = request.GET.get("v")
    return f'"{version}"' if version and version.isalnum() else None


@require_safe
@condition(etag_func=_version)
def product_picture(request: HttpRequest, product_id: str) -> HttpResponse:
    try:
        return _answer(_product_svg(product_id, request.GET.get("v", "")))
    except OutdatedPictureError as outdated:
        return HttpResponseRedirect(str(outdated))


@require_safe
@condition(etag_func=_version)
def category_picture(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        return _answer(_category_svg(slug, request.GET.get("v", "")))
    except OutdatedPictureError as outdated:
        return HttpResponseRedirect(str(outdated))


# Raising is not remembered by lru_cache, so nobody can fill it with versions that do not exist.
@lru_cache(maxsize=2048)
def _product_svg(product_id: str, version: str) -> bytes:
    product = get_object_or_404(
        Product.objects.select_related("category"), product_id=product_id, hidden=False
    )
    if version != product.picture_version:
        raise OutdatedPictureError(product.picture_url)
    return draw(
        shape=product.shape,
        colour=product.colour,
        pattern=product.pattern,
        hue=product.category.hue,
        width=product.width,
        height=product.height,
    ).encode()


@lru_cache(maxsize=128)
def _category_svg(slug: str, version: str) -> bytes:
    category = get_object_or_404(Category, slug=slug)
    if version != category.picture_version:
        raise OutdatedPictureError(category.picture_url)
    return draw(shape=category.shape, colour=category.colour, pattern="plain", hue=category.hue).encode()


def _answer(svg: bytes) -> HttpResponse:
    headers = {"Cache-Control": f"public, max-age={YEAR}, immutable"}
    return HttpResponse(svg, content_type="image/svg+xml", headers=headers)
