"""The pages of the shop."""

from decimal import Decimal
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from shop import selectors
from shop.models import Category
from shop.paging import page_of

LONGEST_QUERY = 100
UNDER = Decimal(20)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    newest = selectors.newest_products(6)
    small_things = selectors.newest_products_under(UNDER, 8, besides=newest)
    return render(
        request,
        "shop/home.html",
        {
            "departments": selectors.departments(),
            "under": UNDER,
            "small_things": small_things,
            "last_few": selectors.last_of_their_kind(4, besides=newest + small_things),
        },
    )


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Category, slug=slug)
    asked = request.GET.get("sort", "")
    sort = asked if asked in selectors.SORTS else selectors.DEFAULT_SORT
    page = page_of(selectors.category_products(found, sort), request.GET.get("page"))
    return render(
        request,
        "shop/category.html",
        {
            "departments": selectors.departments(),
            "category": found,
            "page": page,
            "page_query": "" if sort == selectors.DEFAULT_SORT else f"sort={sort}&",
            "sort": sort,
            "sorts": {value: label for value, (label, _) in selectors.SORTS.items()},
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
            "more": selectors.products_near(found, 4),
        },
    )


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    page = page_of(selectors.search_products(query), request.GET.get("page"))
    return render(
        request,
        "shop/search.html",
        {
            "departments": selectors.departments(),
            "query": query,
            "page": page,
            "page_query": f"{urlencode({'q': query})}&",
        },
    )


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    rules = "User-agent: *\nDisallow: /admin/\nDisallow: /api/\nDisallow: /me/\nDisallow: /search/\nDisallow: /v1/\n"
    return HttpResponse(rules, content_type="text/plain; charset=utf-8")
