"""Customers who buy over HTTP, each with a browser's cookies, and try again when the shop is away."""

import asyncio
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx

ADDRESS = {"name": "Ada Byron", "street": "Weir Lane 1", "postcode": "10115", "city": "Berlin", "email": ""}
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
PATIENCE_SECONDS = 120


@dataclass
class Customer:
    """Resends what was not answered: the shop must make one order and one payment of it."""

    shop: str
    orders: list[str] = field(default_factory=list)
    told: str = ""
    """What the shop said where there was no order."""

    async def buy(self, product_id: str) -> None:
        async with httpx.AsyncClient(base_url=self.shop, timeout=30) as browser:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._fill(browser, product_id)
                answer = await self._check_out(browser)
                if not answer.headers["location"].startswith("/orders/"):
                    self.told = (await self._insist(browser, "GET", "/cart/")).text
                    return
                self.orders.append(answer.headers["location"])
                await self._pay(browser, answer.headers["location"])

    async def _fill(self, browser: httpx.AsyncClient, product_id: str) -> None:
        """Once more where the answer was lost and nothing is in the basket."""
        basket = ""
        while f'value="{product_id}"' not in basket:
            await self._insist(browser, "GET", "/me/log-in/")
            await self._post(browser, "/cart/add/", {"product_id": product_id, "quantity": "1"}, tries=1)
            basket = (await self._insist(browser, "GET", "/cart/")).text

    async def _check_out(self, browser: httpx.AsyncClient) -> httpx.Response:
        page = await self._insist(browser, "GET", "/checkout/")
        if page.status_code == HTTPStatus.FOUND:  # to the basket, which says what cannot be had
            return page
        seen = dict(HIDDEN.findall(page.text))
        return await self._post(
            browser, "/checkout/", ADDRESS | {"basket": seen["basket"], "total": seen["total"]}
        )

    async def _pay(self, browser: httpx.AsyncClient, order: str) -> None:
        key = dict(HIDDEN.findall((await self._insist(browser, "GET", order)).text)).get("key", "")
        await self._post(browser, f"{order}pay/", {"key": key, "card": "accepted"})
        page = (await self._insist(browser, "GET", order)).text
        while 'class="state state--paid"' not in page:
            await asyncio.sleep(1)
            await self._post(browser, f"{order}pay/", {"key": key, "card": "accepted"})
            page = (await self._insist(browser, "GET", order)).text

    async def _post(
        self, browser: httpx.AsyncClient, path: str, fields: dict[str, str], tries: int = 1000
    ) -> httpx.Response:
        fields = fields | {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        return await self._insist(browser, "POST", path, fields, tries)

    async def _insist(
        self,
        browser: httpx.AsyncClient,
        method: str,
        path: str,
        fields: dict[str, str] | None = None,
        tries: int = 1000,
    ) -> httpx.Response:
        """The first answer that is none of a server in trouble; with `tries` used up, the last one."""
        last: Any = None
        while tries:
            tries -= 1
            try:
                last = await browser.request(method, path, data=fields)
                if last.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                    break
            except httpx.TransportError as error:
                last = httpx.Response(HTTPStatus.SERVICE_UNAVAILABLE, text=str(error))
            await asyncio.sleep(0.5)
        answer: httpx.Response = last
        return answer
