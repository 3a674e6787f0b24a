"""Your data: who a browser is to the shop, what may be stored of it, and the way to be erased."""

from typing import Final
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from recommendations.consumers import close_sockets
from shop import selectors
from shop.accounts import tracked_user_id
from tracking import consent
from tracking.consent import Consent
from tracking.erasure import erase_visitor
from tracking.erasure_views import give_new_visitor
from tracking.identity import visitors_of_user
from tracking.visitors import COOKIE, visitor_of_cookie

CHOICES: Final = {Consent.GRANTED, Consent.DENIED}


@require_safe
@never_cache
def me(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Remembers a yes or a no; with a no, also erases what was stored before where that is asked for."""
    if (choice := request.POST.get("consent")) not in CHOICES:
        return _page(request, "Choose one of the two: nothing was changed.", status=400)
    if choice == Consent.DENIED:  # with a yes, the next page gives the cookie: its request says whose it is
        request.consent = Consent.DENIED  # type: ignore[attr-defined]
    response = redirect(_page_before(request))
    response.set_cookie(
        consent.COOKIE,
        choice,
        max_age=consent.MAX_AGE,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    if choice == Consent.DENIED and request.POST.get("erase"):
        return _erased(request, response)
    return response


@require_POST
def erase(request: HttpRequest) -> HttpResponse:
    """Erases the browser's visitor, and the user's visitors on other browsers where they are logged in."""
    if not request.POST.get("confirm"):
        return _page(request, "Nothing was erased: tick the box to confirm it.", status=400)
    return _erased(request, redirect("shop:me"))


def _erased(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    for visitor_id in _visitors_of(request):
        erase_visitor(visitor_id, asked_by="visitor")
        close_sockets(visitor_id)
    give_new_visitor(request, response)
    messages.success(request, "Erased. To the shop you are somebody new.")
    return response


def _visitors_of(request: HttpRequest) -> list[str]:
    """The cookie's visitor, with or without consent, and those that the user is known to be."""
    own = visitor_of_cookie(request.COOKIES.get(COOKIE))
    users = visitors_of_user(tracked_user_id(request.user)) if request.user.is_authenticated else []
    return list(dict.fromkeys([*([own] if own else []), *users]))


def _page(request: HttpRequest, said: str = "", status: int = 200) -> HttpResponse:
    return render(
        request,
        "shop/me.html",
        {
            "departments": selectors.departments(),
            "visitor_id": visitor_of_cookie(request.COOKIES.get(COOKIE)),
            "consent": request.consent,  # type: ignore[attr-defined]
            "said": said,
        },
        status=status,
    )


def _page_before(request: HttpRequest) -> str:
    """Where the banner was: it stands on every page."""
    before = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(before, allowed_hosts=None) and urlsplit(before).path.startswith("/"):
        return before
    return "shop:me"
