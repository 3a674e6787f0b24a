"""The wish list, and the button that puts a product on it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from shop import selectors
from shop.wishes.wishes import unwish, wish, wished_products


@require_safe
@never_cache
def wishes(request: HttpRequest) -> HttpResponse:
    context = {"departments": selectors.departments(), "products": wished_products(request)}
    return render(request, "shop/wishes.html", context)


@require_POST
def change(request: HttpRequest, product_id: str) -> HttpResponse:
    """`wanted=yes` puts it on the list, anything else takes it off. htmx is given the new button, others go back."""
    product = get_object_or_404(selectors.products_shown(), product_id=product_id)
    if request.POST.get("wanted") == "yes":
        wish(request, product)
    else:
        unwish(request, product)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "shop/_wish.html", {"product": product, "changed": True})
    return redirect("shop:wishes" if request.POST.get("from") == "wishes" else product)
