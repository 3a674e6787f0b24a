"""Your data: who a browser is to the shop, what may be stored of it, and the way to be erased."""

from typing import Final
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from shop import selectors
from shop.mydata.erasing import erase_owner
from shop.mydata.owner import owner_of
from shop.mydata.suggestions import suggestions_for
from tracking import consent
from tracking.consent import Consent
from tracking.erasure_views import give_new_visitor

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
    erase_owner(request)
    give_new_visitor(request, response)
    messages.success(
        request,
        "Erased. To the shop you are somebody new: what it suggests now is what it suggests to everybody.",
    )
    return response


def _page(request: HttpRequest, said: str = "", status: int = 200) -> HttpResponse:
    owner = owner_of(request)
    given: Consent = request.consent  # type: ignore[attr-defined]
    suggestions = suggestions_for(request.visitor_id) if given.allows else []  # type: ignore[attr-defined]
    return render(
        request,
        "shop/me.html",
        {
            "departments": selectors.departments(),
            "owner": owner,
            "consent": given,
            "suggestions": suggestions,
            "own_suggestions": sum(suggestion.is_own for suggestion in suggestions),
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
