"""A socket bears the visitor's cookie, whoever's page opens it: only this site's own pages may."""

import logging
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
PORTS = {"http": 80, "https": 443}
FORBIDDEN = 4403


class OwnOrigin:
    """ASGI middleware for sockets: refuses those whose Origin is neither the host asked nor a trusted origin.

    The host is Django's: in ALLOWED_HOSTS, and X-Forwarded-Host's only with USE_X_FORWARDED_HOST. Trusted are
    CSRF_TRUSTED_ORIGINS, which a site behind a proxy that changes the host needs for its forms as well.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        request = ASGIRequest(scope | {"method": "GET"}, BytesIO())
        if is_own(request):
            await self.app(scope, receive, send)
            return
        logger.warning(
            "A socket was refused: its Origin %.200r is not this site. If it should be, let the proxy pass on"
            " the Host, or name the origin in CSRF_TRUSTED_ORIGINS.",
            request.headers.get("Origin", ""),
        )
        await send({"type": "websocket.close", "code": FORBIDDEN})


def is_own(request: ASGIRequest) -> bool:
    """Whether the page that asks is of the same host and port, or of a trusted origin."""
    try:
        origin = urlsplit(request.headers.get("Origin", "").lower())
        asked = urlsplit(f"//{request.get_host().lower()}")
        if origin.scheme not in PORTS or not origin.hostname:
            return False
        if any(_is_trusted(origin, urlsplit(trusted.lower())) for trusted in settings.CSRF_TRUSTED_ORIGINS):
            return True
        # The other way round nothing is known: a proxy may speak https for a server that was not told.
        if request.scheme in {"https", "wss"} and origin.scheme != "https":
            return False
        return (origin.hostname, _port(origin, origin.scheme)) == (
            asked.hostname,
            _port(asked, origin.scheme),
        )
    except (DisallowedHost, ValueError):  # an address that is none
        return False


def _is_trusted(origin: SplitResult, trusted: SplitResult) -> bool:
    """As Django's check of forms has it: `https://*.example.com` stands for every subdomain."""
    if origin.scheme != trusted.scheme or _port(origin, origin.scheme) != _port(trusted, trusted.scheme):
        return False
    host, pattern = origin.hostname or "", trusted.hostname or ""
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _port(address: SplitResult, scheme: str) -> int:
    return address.port or PORTS[scheme]
