"""Pages of other sites that send events: what a browser asks before, and what it must read in the answer."""

from tracking.collector.answers import Headers
from tracking.keys import ring
from tracking.models import WriteKey

PREFLIGHT_SECONDS = 86_400
METHODS = b"GET, POST, OPTIONS"
DEFAULT_HEADERS = "authorization, content-type, content-encoding, anonymousid"


def headers_for(origin: str | None) -> Headers:
    """Lets the page of `origin` read the answer, and send the cookie along."""
    if not origin:
        return []
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


def preflight_headers(origin: str | None, asked: str | None) -> Headers:
    """The answer to a preflight, which names no key: allowed is what some active key allows."""
    if not origin or not ring.allows(origin):
        return []
    return [
        *headers_for(origin),
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", (asked or DEFAULT_HEADERS).encode("latin-1")),
        (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
    ]


def may_come_from(key: WriteKey, origin: str | None, *, same_site: bool) -> bool:
    """Whether the key takes events from pages of `origin`. A sender that is no page names no origin."""
    return origin is None or same_site or not key.allowed_origins or origin in key.allowed_origins
