"""Checkout, payment and the customer's orders."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from shop import selectors
from shop.basket.changing import ChangedMeanwhileError
from shop.basket.customers import customer_of, visitor_to_tell
from shop.basket.selectors import shown_basket
from shop.basket.views import CHANGED
from shop.facts.application import BusyError
from shop.models import Product
from shop.orders import paying
from shop.orders.bank import Card
from shop.orders.checkout import NotOnSaleError, place_order
from shop.orders.forms import DeliveryForm, PaymentForm
from shop.orders.order import NotNowError, Status
from shop.orders.selectors import order_shown, orders_of
from shop.stock.stock import SoldOutError

PAGE_SIZE = 20


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def checkout(request: HttpRequest) -> HttpResponse:
    """Where the goods go; then they are reserved, and the next page takes the payment."""
    customer = customer_of(request)
    basket = shown_basket(customer)
    if request.method == "POST" and customer is not None:
        form = DeliveryForm(request.POST)
        if form.is_valid():
            answer = _place(request, customer, form)
            if answer is not None:
                return answer
            return redirect("shop:cart")
    elif not basket.can_be_ordered:
        return redirect("shop:cart")
    else:
        form = DeliveryForm(initial={"basket": basket.version, "total": basket.total} | _known(request))
    return render(
        request,
        "shop/checkout.html",
        {"departments": selectors.departments(), "basket": basket, "form": form},
        status=400 if form.errors else 200,
    )


def _known(request: HttpRequest) -> dict[str, str]:
    return {"email": request.user.email} if request.user.is_authenticated else {}


def _place(request: HttpRequest, customer: UUID, form: DeliveryForm) -> HttpResponse | None:
    """Says why where it cannot be placed."""
    said = form.cleaned_data
    try:
        order_id = place_order(
            customer, form.delivery(), visitor_to_tell(request), seen=said["basket"], total=said["total"]
        )
    except SoldOutError as error:
        name = Product.objects.values_list("name", flat=True).get(product_id=error.product_id)
        left = f"only {error.available} left" if error.available else "none left"
        messages.error(request, f"Somebody was faster: of {name} there is {left}. Nothing was ordered.")
    except NotOnSaleError:
        messages.error(request, "Something in your basket is no longer in the shop. Nothing was ordered.")
    except ChangedMeanwhileError:
        messages.warning(request, CHANGED)
    except BusyError as error:
        messages.error(request, str(error))
    else:
        return redirect("shop:order", order_id)
    return None


@require_safe
@never_cache
def orders(request: HttpRequest) -> HttpResponse:
    pages = Paginator(orders_of(customer_of(request)), PAGE_SIZE)
    return render(
        request,
        "shop/orders.html",
        {
            "departments": selectors.departments(),
            "page": pages.get_page(request.GET.get("page")),
            "page_query": "",
        },
    )


@require_safe
@never_cache
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    return _page(request, order_id, PaymentForm(initial={"key": uuid4()}))


@require_POST
def pay(request: HttpRequest, order_id: UUID) -> HttpResponse:
    _own(request, order_id)
    form = PaymentForm(request.POST)
    if not form.is_valid():
        return _page(request, order_id, form, status=400)
    try:
        status = paying.pay(order_id, form.cleaned_data["key"], Card(form.cleaned_data["card"]))
    except (NotNowError, BusyError) as error:
        messages.warning(request, str(error))
    else:
        _say(request, status)
    return redirect("shop:order", order_id)


@require_POST
def settle(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Asks the bank what became of a payment that it did not answer."""
    return _done(request, order_id, lambda: _say(request, paying.settle(order_id)))


@require_POST
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    return _done(request, order_id, lambda: paying.cancel(order_id, "by the customer"))


def _done(request: HttpRequest, order_id: UUID, act: Any) -> HttpResponse:
    _own(request, order_id)
    try:
        act()
    except (NotNowError, BusyError) as error:
        messages.warning(request, str(error))
    return redirect("shop:order", order_id)


def _say(request: HttpRequest, status: Status) -> None:
    if status is Status.PAID:
        messages.success(request, "Paid. Thank you.")
    elif status is Status.PAYING:
        messages.warning(
            request,
            "The bank has not answered. It may have charged your card or not: do not pay again, we ask it.",
        )
    else:
        messages.error(request, "The payment did not go through, and nothing was charged. Please try again.")


def _own(request: HttpRequest, order_id: UUID) -> Any:
    shown = order_shown(order_id, customer_of(request))
    if shown is None:
        raise Http404
    return shown


def _page(request: HttpRequest, order_id: UUID, form: PaymentForm, status: int = 200) -> HttpResponse:
    return render(
        request,
        "shop/order.html",
        {"departments": selectors.departments(), "form": form, "shown": _own(request, order_id)},
        status=status,
    )
