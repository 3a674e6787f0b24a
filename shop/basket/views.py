"""The basket's page, and what its buttons do."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from shop import selectors
from shop.basket import changing
from shop.basket.basket import MOST_OF_ONE, FullError
from shop.basket.changing import ChangedMeanwhileError
from shop.basket.customers import customer_for, customer_of, visitor_to_tell
from shop.basket.selectors import shown_basket
from shop.facts.application import BusyError

CHANGED = "Your basket was changed in another tab or on another device. This is how it is now; nothing else was done."


@require_safe
@never_cache
def cart(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "shop/cart.html",
        {
            "departments": selectors.departments(),
            "basket": shown_basket(customer_of(request)),
            "quantities": range(1, MOST_OF_ONE + 1),
        },
    )


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    product = selectors.products_shown().filter(product_id=request.POST.get("product_id", "")).first()
    if product is None:
        messages.error(request, "That is no longer in the shop.")
        return redirect("shop:cart")
    quantity = _quantity(request, default=1)
    if product.stock == 0:
        messages.error(request, f"{product.name} is out of stock.")
        return redirect(product)
    try:
        changing.add(customer_for(request), product.product_id, max(1, quantity), visitor_to_tell(request))
    except (FullError, BusyError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{product.name} is in your basket.")
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        return redirect(back)
    return redirect("shop:cart")


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """How many of a product; 0 takes it out."""
    customer = customer_of(request)
    product_id, seen = request.POST.get("product_id", ""), request.POST.get("basket", "")
    if customer is not None and seen.isascii() and seen.isdigit() and len(seen) < 18:
        try:
            changing.change(
                customer, product_id, _quantity(request, default=0), visitor_to_tell(request), seen=int(seen)
            )
        except ChangedMeanwhileError:
            messages.warning(request, CHANGED)
        except (FullError, BusyError) as error:
            messages.error(request, str(error))
    return redirect("shop:cart")


def _quantity(request: HttpRequest, *, default: int) -> int:
    asked: Any = request.POST.get("quantity", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else default
