"""A shopper at the till: what they put aside becomes an order, over the same pages as everybody's."""

import re
from collections.abc import Sequence
from random import Random
from typing import Final

import httpx

from shop.shoppers.shelves import Good
from shop.shoppers.site import Site

ADDRESS: Final = {
    "name": "Demo Shopper",
    "street": "Towpath 7",
    "postcode": "10115",
    "city": "Weirton",
    "email": "",
}
DECLINED: Final = 0.1
"""How often the first card is no good."""
HIDDEN: Final = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


async def buy(goods: Sequence[Good], site: Site, cookies: httpx.Cookies, random: Random) -> bool:
    """Whether it came to a payment; not where something is sold out meanwhile."""
    for good in goods:
        await site.open_page(good.path, cookies)
        await site.send_form("/cart/add/", {"product_id": good.product_id, "quantity": "1"}, cookies)
    answer = await site.ask_page("/checkout/", cookies)
    seen = dict(HIDDEN.findall(answer.text))
    if "basket" not in seen:
        return False
    placed = await site.send_form(
        "/checkout/", ADDRESS | {name: seen[name] for name in ("basket", "total")}, cookies
    )
    order = placed.headers.get("Location", "")
    if not order.startswith("/orders/"):
        return False
    for card in ("declined", "accepted") if random.random() < DECLINED else ("accepted",):
        key = dict(HIDDEN.findall((await site.ask_page(order, cookies)).text)).get("key", "")
        await site.send_form(f"{order}pay/", {"key": key, "card": card}, cookies)
    return True
