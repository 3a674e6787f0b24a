"""Who the visitor of a request is: a signed, HttpOnly, first-party cookie that the server sets."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.http.cookie import parse_cookie
from django.utils.cache import patch_vary_headers
from uuid_utils import uuid7

COOKIE = "visitor"
SALT = "tracking.visitors.cookie"
MAX_AGE = 400 * 24 * 3600
"""Seconds; browsers cap cookies at 400 days."""

Scope = dict[str, Any]
GetResponse = Callable[[HttpRequest], Any]


def visitor_of_cookie(value: str | None) -> str | None:
    """The visitor that a cookie's value names, or None where it is missing, forged or too old."""
    if not value:
        return None
    try:
        visitor_id = signing.get_cookie_signer(SALT).unsign(value, max_age=MAX_AGE)
    except signing.BadSignature:
        return None
    return visitor_id or None


def cookie_of_visitor(visitor_id: str) -> str:
    """The signed value of a visitor's cookie."""
    return signing.get_cookie_signer(SALT).sign(visitor_id)


def remember_visitor(request: HttpRequest, response: HttpResponse) -> None:
    """Sets the cookie of the request's visitor. Secure only under https, so that it works on a laptop."""
    response.set_cookie(
        COOKIE,
        cookie_of_visitor(request.visitor_id),  # type: ignore[attr-defined]
        max_age=MAX_AGE,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


class VisitorMiddleware:
    """Puts `visitor_id` and `visitor_is_new` on each request; a page for a new visitor carries their cookie."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        identify(request)
        if self.is_async:
            return self._respond_async(request)
        return self._finish(request, self.get_response(request))

    async def _respond_async(self, request: HttpRequest) -> HttpResponse:
        return self._finish(request, await self.get_response(request))

    def _finish(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page:  # a cache must not give one visitor's page to another
            patch_vary_headers(response, ("Cookie",))
        if request.visitor_is_new and is_page:  # type: ignore[attr-defined]
            remember_visitor(request, response)
        return response


def identify(request: HttpRequest) -> None:
    """Sets `request.visitor_id` (from the cookie, else a new one) and `request.visitor_is_new`."""
    known = visitor_of_cookie(request.COOKIES.get(COOKIE))
    request.visitor_is_new = known is None  # type: ignore[attr-defined]
    request.visitor_id = known or str(uuid7())  # type: ignore[attr-defined]


class VisitorScope:
    """ASGI middleware for sockets: puts `visitor_id` into the scope, None where no valid cookie comes along."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        cookies = "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")
        visitor_id = visitor_of_cookie(parse_cookie(cookies).get(COOKIE))
        await self.app(scope | {"visitor_id": visitor_id}, receive, send)
