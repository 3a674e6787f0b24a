"""The lists as an ASGI application before Django, whose requests cost more than the list in them.

It answers what is asked as it should be. What is unusual in any way (a wrong parameter, another method, a host that is
not allowed) goes on to Django, whose views say what is wrong: they take the same parameters by the same rules.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from django.http.request import split_domain_port, validate_host
from django.utils.module_loading import import_string

from recommendations import asking
from recommendations.asking import Asked
from recommendations.experiments import assignment
from recommendations.rules.models import ListName
from recommendations.serving.reader import ListsAwayError, Reader

Scope = MutableMapping[str, Any]
Headers = dict[bytes, bytes]
App = Callable[[Any, Any, Any], Awaitable[None]]
VisitorOf = Callable[[Scope], str]

OF_A_VISITOR: Final = {"": ListName.VISITOR} | {f"{name}/": name for name in asking.OF_A_VISITOR[1:]}
OF_A_PRODUCT: Final = {"": ListName.SIMILAR} | {f"{name}/": name for name in asking.OF_A_PRODUCT[1:]}
"""How the addresses of a visitor's and a product's lists end."""
LONGEST_QUERY: Final = 10_000
HEADERS: Final = [
    (b"content-type", b"application/json"),
    (b"allow", b"GET, HEAD, OPTIONS"),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
"""Those of Django's answers; a test compares them."""
PERSONAL: Final = [(b"cache-control", b"private, no-store")]
AWAY: Final = msgspec.json.encode({"detail": "The lists cannot be read now: the database does not answer."})
RETRY_SECONDS: Final = b"2"

logger = logging.getLogger(__name__)


class NotOursError(Exception):
    """Django is to answer."""


class Lists:
    """Answers the lists' addresses below `prefix`; everything else goes to `app`.

    `visitor_of` tells whose browser asks, from the scope.
    """

    def __init__(self, app: App, prefix: str, visitor_of: VisitorOf) -> None:
        self.app = app
        self.prefix = prefix
        self.visitor_of = visitor_of
        self.may_read: Callable[[str], bool] = import_string(settings.RECOMMENDATIONS_MAY_READ)
        self.reader: Reader | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if not scope["path"].startswith(self.prefix):
            await self.app(scope, receive, send)
            return
        if not assignment.is_current():
            try:
                await database_sync_to_async(assignment.refresh, thread_sensitive=False)()
            except DatabaseError as error:
                logger.warning("What is compared cannot be read: %s", error)
                await respond(send, 503, AWAY, [*HEADERS, (b"retry-after", RETRY_SECONDS)])
                return
        try:
            asked, headers = self._asked(scope)
            body = msgspec.json.encode([asked])
        except (NotOursError, asking.WrongParameterError, asking.NeedsReaderError, UnicodeError):
            await self.app(scope, receive, send)
            return
        try:
            content = await self._reader().read(body[1:-1])
        except ListsAwayError:
            await respond(send, 503, AWAY, [*headers, (b"retry-after", RETRY_SECONDS)])
            return
        await respond(send, 200, content, headers)

    async def close(self) -> None:
        """Gives the connections back."""
        reader, self.reader = self.reader, None
        if reader is not None and self.loop is asyncio.get_running_loop():
            await reader.close()

    def _reader(self) -> Reader:
        """The one of the running loop."""
        loop = asyncio.get_running_loop()
        if self.reader is None or self.loop is not loop:
            self.reader, self.loop = Reader(), loop
        return self.reader

    def _asked(self, scope: Scope) -> tuple[Asked, list[tuple[bytes, bytes]]]:
        """What the request asks, and the headers of its answer. Raises NotOursError and the errors of `asking`."""
        headers: Headers = dict(scope["headers"])
        if scope["method"] != "GET" or not is_usual(scope, headers):
            raise NotOursError
        raw: bytes = scope["query_string"]
        query = dict(parse_qsl(raw.decode("ascii"), keep_blank_values=True)) if raw else {}
        if "format" in query:
            raise NotOursError
        own = HEADERS + secure_headers(scope, headers)
        match scope["path"][len(self.prefix) :].split("/"):
            case [""]:
                return asking.for_products(query, may_read=self._may_read(headers)), own
            case ["visitor", ""]:
                return asking.for_visitor(self.visitor_of(scope), query), own + PERSONAL
            case ["visitor", str(visitor_id), *rest] if visitor_id and "/".join(rest) in OF_A_VISITOR:
                if visitor_id != self.visitor_of(scope) and not self._may_read(headers):
                    raise asking.NeedsReaderError
                return asking.for_visitor(visitor_id, query, OF_A_VISITOR["/".join(rest)]), own + PERSONAL
            case ["product", str(product_id), *rest] if product_id and "/".join(rest) in OF_A_PRODUCT:
                return asking.for_product(product_id, query, OF_A_PRODUCT["/".join(rest)]), own
            case [str(name), ""] if name in asking.OF_EVERYBODY:
                return asking.for_everybody(query, name), own
        raise NotOursError

    def _may_read(self, headers: Headers) -> bool:
        given = headers.get(b"authorization")
        return given is not None and self.may_read(given.decode("latin-1"))


def is_usual(scope: Scope, headers: Headers) -> bool:
    """Whether Django would answer it with a list: a host that is allowed, a client that takes JSON."""
    accept = headers.get(b"accept", b"*/*")
    return (
        len(scope["query_string"]) <= LONGEST_QUERY
        and (b"*/*" in accept or b"application/json" in accept)
        and not (settings.USE_X_FORWARDED_HOST and b"x-forwarded-host" in headers)
        and is_allowed_host(headers.get(b"host", b"").decode("latin-1"))
    )


@lru_cache(maxsize=256)
def is_allowed_host(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def secure_headers(scope: Scope, headers: Headers) -> list[tuple[bytes, bytes]]:
    """As Django's SecurityMiddleware has it, where the site speaks https."""
    seconds: int = settings.SECURE_HSTS_SECONDS
    forwarded = headers.get(b"x-forwarded-proto") if settings.SECURE_PROXY_SSL_HEADER else None
    if not seconds or (forwarded or scope.get("scheme", "http").encode()) != b"https":
        return []
    return [(b"strict-transport-security", f"max-age={seconds}".encode())]


async def respond(send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """The whole response."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
