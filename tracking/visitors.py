"""Who the visitor of a request is: a signed, HttpOnly, first-party cookie that the server sets."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from secrets import token_bytes
from typing import Any
from uuid import UUID

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.http.cookie import parse_cookie
from django.utils.cache import patch_vary_headers
from uuid_utils import uuid7

from tracking import consent

COOKIE = "visitor"
SALT = "tracking.visitors.cookie"
TAIL_BYTES = 5
LENGTH = 36
VERSION_AND_VARIANT = 0x70_00_80_00_00
RANDOM_BITS = 0x0F_FF_3F_FF_FF
"""Of the five bytes between the time and the tail of a visitor's id."""
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


def new_visitor_id() -> str:
    """A UUIDv7 whose last bytes only this server can make: see `is_minted`."""
    # Of one made after another in the same millisecond, uuid7 changes only what the tail stands in place of.
    chance = int.from_bytes(token_bytes(5)) & RANDOM_BITS | VERSION_AND_VARIANT
    head = uuid7().bytes[:6] + chance.to_bytes(5)
    return str(UUID(bytes=head + _tail_of(head)))


def is_minted(visitor_id: str) -> bool:
    """Whether it is the id of a browser's cookie, for which nobody may speak without that cookie."""
    if len(visitor_id) != LENGTH:
        return False
    try:
        whole = UUID(visitor_id).bytes
    except ValueError:
        return False
    head, tail = whole[:-TAIL_BYTES], whole[-TAIL_BYTES:]
    return hmac.compare_digest(tail, _tail_of(head))


def _tail_of(head: bytes) -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode(), b"tracking.visitor:" + head, sha256)[:TAIL_BYTES]


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
    """Puts `visitor_id`, `visitor_is_new` and `consent` on each request.

    A page for a new visitor carries their cookie, unless there is no consent: then each request is a new visitor's.
    """

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
            patch_vary_headers(response, ("Cookie", "DNT", "Sec-GPC"))
        if is_page and request.visitor_is_new and request.consent.allows:  # type: ignore[attr-defined]
            remember_visitor(request, response)
        return response


def identify(request: HttpRequest) -> None:
    """Sets `request.consent`, `request.visitor_id` (from the cookie, else a new one) and `request.visitor_is_new`.

    Without consent a cookie of before is kept for one purpose, erasure; it does not say who asks for a page.
    """
    given = consent_in(request)
    known = visitor_of_cookie(request.COOKIES.get(COOKIE)) if given.allows else None
    request.consent = given  # type: ignore[attr-defined]
    request.visitor_is_new = known is None  # type: ignore[attr-defined]
    request.visitor_id = known or new_visitor_id()  # type: ignore[attr-defined]


def consent_in(request: HttpRequest) -> consent.Consent:
    """Whether what this request's browser does may be stored."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return consent.consent_of(headers, request.COOKIES.get(consent.COOKIE), settings.TRACKING_CONSENT)


def start_new_visitor(request: HttpRequest) -> None:
    """From here on the request is that of a visitor whom nobody knows; `remember_visitor` tells the browser."""
    request.visitor_id = new_visitor_id()  # type: ignore[attr-defined]
    request.visitor_is_new = True  # type: ignore[attr-defined]


def forget_visitor(response: HttpResponse) -> None:
    """Takes the cookie from the browser."""
    response.delete_cookie(COOKIE, samesite="Lax")


class VisitorScope:
    """ASGI middleware for sockets: puts `visitor_id` into the scope; None without a valid cookie or consent."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        await self.app(scope | {"visitor_id": visitor_of_scope(scope)}, receive, send)


def visitor_of_scope(scope: Mapping[str, Any]) -> str | None:
    """The visitor whose browser asks, from an ASGI scope; None without a valid cookie or consent."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    cookies = "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")
    given = parse_cookie(cookies)
    allowed = consent.is_consented(headers, given.get(consent.COOKIE), settings.TRACKING_CONSENT)
    return visitor_of_cookie(given.get(COOKIE)) if allowed else None


def asking_visitor(scope: Mapping[str, Any]) -> str:
    """The same, and somebody new where it is nobody."""
    return visitor_of_scope(scope) or new_visitor_id()
