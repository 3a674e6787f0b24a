"""Where a visitor came from: the one thing that a page's address and referrer tell without naming anybody."""

from typing import Any, Final
from urllib.parse import urlsplit

from tracking.commerce import CODE
from tracking.events import MAX_ID_LENGTH

PREFIXES: Final = ("www.", "m.")
"""The same site under these names."""


def origin_of(context: dict[str, Any]) -> str | None:
    """The campaign's source as the sender names it, else the host of the page that led to this site; lower case.

    Only the host of a referrer is taken, since the rest of an address may name somebody. None within one site.
    """
    campaign, page = context.get("campaign"), context.get("page")
    if isinstance(campaign, dict) and isinstance(source := campaign.get("source"), str) and source:
        return source.lower() if CODE.fullmatch(source) else None
    if not isinstance(page, dict):
        return None
    came_from = _host(page.get("referrer"))
    return None if came_from is None or came_from == _host(page.get("url")) else came_from


def _host(address: Any) -> str | None:
    if not isinstance(address, str) or not address:
        return None
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return None
    for prefix in PREFIXES:
        host = host.removeprefix(prefix)
    return host if 0 < len(host) <= MAX_ID_LENGTH and CODE.fullmatch(host) else None
