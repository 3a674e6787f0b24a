"""The pages of the shop."""

from dataclasses import replace
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from shop import selectors
from shop.finding.asked import asked_in
from shop.finding.listing import BY_RELEVANCE, list_products
from shop.finding.search import search as find
from shop.models import Category
from shop.reviews.reviews import summary_of
from shop.rows import own_rows

UNDER = Decimal(20)
NOT_FOR_ROBOTS = ("/admin/", "/api/", "/cart/", "/checkout/", "/me/", "/orders/", "/search/", "/v1/")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    newest = selectors.newest_products(6)
    small_things = selectors.newest_products_under(UNDER, 8, besides=newest)
    return render(
        request,
        "shop/home.html",
        {
            "departments": selectors.departments(),
            "own": own_rows(request.visitor_id),  # type: ignore[attr-defined]
            "under": UNDER,
            "small_things": small_things,
            "last_few": selectors.last_of_their_kind(4, besides=newest + small_things),
        },
    )


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Category, slug=slug)
    asked = replace(asked_in(request.GET, selectors.SORTS), query="", categories=())
    products = selectors.products_shown().filter(category=found)
    return render(
        request,
        "shop/category.html",
        {
            "departments": selectors.departments(),
            "category": found,
            "list_id": found.list_id,
            "listing": list_products(products, asked, request.GET.get("page"), selectors.SORTS),
        },
    )


@require_safe
def product(request: HttpRequest, product_id: str) -> HttpResponse:
    found = get_object_or_404(selectors.products_shown(), product_id=product_id)
    return render(
        request,
        "shop/product.html",
        {
            "departments": selectors.departments(),
            "product": found,
            "reviews": summary_of(found),
            "more": selectors.products_near(found, 4),
        },
    )


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    asked = asked_in(request.GET, BY_RELEVANCE)
    found = find(asked.query)
    return render(
        request,
        "shop/search.html",
        {
            "departments": selectors.departments(),
            "query": asked.query,
            "found": found,
            "list_id": "search",
            "listing": list_products(found.products, asked, request.GET.get("page"), BY_RELEVANCE),
        },
    )


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    rules = "".join(f"Disallow: {path}\n" for path in NOT_FOR_ROBOTS)
    return HttpResponse(f"User-agent: *\n{rules}", content_type="text/plain; charset=utf-8")
