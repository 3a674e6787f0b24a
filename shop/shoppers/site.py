"""The shop as a shopper's browser meets it: pages that set the visitor's cookie, and the collector."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from shop.shoppers.sessions import Event

USER_AGENT = "TributaryShoppers/1.0 (demo traffic of manage.py shoppers; not a person)"
COLLECTOR = "/v1/batch"
SUGGESTIONS = "/api/recommendations/trending/?limit=1"
PATIENCE = httpx.Timeout(10, connect=3)
DEFAULT_PAUSE = 2.0
"""Seconds to wait after a 429 or 503 that does not say how long."""


class SiteDownError(Exception):
    """The site did not answer, or not as itself: try again when it does."""


class SlowDownError(Exception):
    """The site asks for a pause of `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"asks for a pause of {seconds:g} s")
        self.seconds = seconds


class RefusedError(Exception):
    """The site will never take this: the key is wrong, or the address is not a shop's."""


class Site:
    """One connection pool for all shoppers; each brings their own cookies."""

    def __init__(
        self, address: str, write_key: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._write_key = write_key
        # The client itself must keep no cookie: it would give every shopper the last one's.
        self._client = httpx.AsyncClient(
            base_url=address,
            headers={"User-Agent": USER_AGENT},
            timeout=PATIENCE,
            transport=transport,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def open_page(self, path: str, cookies: httpx.Cookies) -> str:
        """Loads a page as a browser would; the cookies that it sets go into `cookies`. Returns its HTML."""
        answer = await self._ask("GET", path, cookies)
        if answer.status_code not in (200, 404):
            raise RefusedError(f"GET {path} was answered {answer.status_code}.")
        if not cookies:
            raise RefusedError(
                f"GET {path} set no cookie, so its visitors cannot be told apart: is it the shop?"
            )
        return answer.text

    async def ask_page(self, path: str, cookies: httpx.Cookies) -> httpx.Response:
        """A page that may send its visitor elsewhere."""
        return await self._ask("GET", path, cookies)

    async def send_form(self, path: str, fields: Mapping[str, str], cookies: httpx.Cookies) -> httpx.Response:
        """What a page's form sends, with the token that its cookie holds."""
        token = {"csrfmiddlewaretoken": cookies.get("csrftoken") or ""}
        return await self._ask("POST", path, cookies, form={**fields, **token})

    async def suggests(self) -> bool:
        """Whether the shop has anything to suggest to somebody whom it does not know."""
        answer = await self._ask("GET", SUGGESTIONS, httpx.Cookies())
        if answer.status_code != 200:
            raise RefusedError(f"GET {SUGGESTIONS} was answered {answer.status_code}.")
        return bool(answer.json()["items"])

    async def send(self, events: Sequence[Event], cookies: httpx.Cookies) -> list[str]:
        """Sends one batch and returns why events of it were rejected. Sent again, it is the same batch."""
        body = {"writeKey": self._write_key, "sentAt": now(), "batch": list(events)}
        answer = await self._ask("POST", COLLECTOR, cookies, body)
        if answer.status_code != 200:
            raise RefusedError(f"The collector answered {answer.status_code}: {answer.text[:200]}")
        results = answer.json()["results"]
        return [f"{r.get('field')} {r.get('reason')}" for r in results if r["status"] != "accepted"]

    async def _ask(
        self,
        method: str,
        path: str,
        cookies: httpx.Cookies,
        body: Event | None = None,
        form: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        # Over https a form must say from which page of the site it comes.
        headers = {"Referer": str(self._client.base_url)} if form else {}
        request = self._client.build_request(method, path, json=body, data=form, headers=headers)
        cookies.set_cookie_header(request)
        try:
            answer = await self._client.send(request)
        except httpx.TransportError as error:
            raise SiteDownError(f"{type(error).__name__}: {error}".rstrip(": ")) from error
        cookies.extract_cookies(answer)
        if answer.status_code in (429, 503):
            raise SlowDownError(_pause(answer.headers.get("Retry-After", "")))
        if answer.is_server_error:
            raise SiteDownError(f"{method} {path} was answered {answer.status_code}")
        return answer


def _pause(retry_after: str) -> float:
    return min(float(retry_after), 60.0) if retry_after.isdigit() else DEFAULT_PAUSE


def now() -> str:
    """RFC 3339 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
