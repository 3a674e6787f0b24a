"""kill -9 of each part, once: the pages still answer, the part comes back, and open pages go on by themselves."""

import asyncio
from functools import partial

import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from recommendations.consumers import CHECK_SECONDS
from tests.product.ledger import is_back, kill
from tests.product.test_faults import until
from tests.product.visitor import Visitor, next_list
from tests.stack import Product

TAKES_THE_SHOP_DOWN = {"web", "postgres"}


async def statuses(product: Product, back: asyncio.Event) -> set[int]:
    """What the home page answers, twice a second, until the part is back; 0 for no answer."""
    seen = set()
    async with httpx.AsyncClient(base_url=product.shop, timeout=10) as client:
        while not back.is_set():
            try:
                seen.add((await client.get("/")).status_code)
            except httpx.TransportError:
                seen.add(0)
            await asyncio.sleep(0.5)
    return seen


async def changed_by_a_look(visitor: Visitor, socket: ClientConnection, version: int) -> int:
    """Looks at a product until the collector takes it; the version of the list that the open page is sent.

    The list must come sooner than the page's own comparison with Postgres would bring it.
    """
    for _ in range(20):
        try:
            await visitor.look(visitor.products[0])
            break
        except httpx.HTTPStatusError as refused:
            if refused.response.status_code != 503:  # at which the page's tracker would send it again
                raise
            await asyncio.sleep(0.5)
    return int(
        (await next_list(socket, lambda c: c["version"] > version, seconds=CHECK_SECONDS / 2))["version"]
    )


@pytest.mark.parametrize(
    "part",
    [
        *("push", "relay", "valkey", "worker", "beat", "postgres", "web"),
        *(pytest.param(part, marks=pytest.mark.soak) for part in ("kafka-1", "spark")),  # a drill kills these
    ],
)
async def test_a_part_that_dies_comes_back_and_open_pages_go_on(product: Product, part: str) -> None:
    async with Visitor(product) as visitor:
        async with visitor.socket() as socket:
            version = await changed_by_a_look(visitor, socket, 0)
            back = asyncio.Event()
            watching = asyncio.create_task(statuses(product, back))
            killed = await asyncio.to_thread(kill, product, part)
            await until(partial(is_back, product, part, killed), 60, f"{part} to be back")
            back.set()
            seen = await watching
            if part not in TAKES_THE_SHOP_DOWN:
                assert seen == {200}
            assert [(await visitor.http.get("/")).status_code for _ in range(10)] == [200] * 10
            if part != "web":  # whose end closes the sockets; the widget opens a new one
                await changed_by_a_look(visitor, socket, version)
        async with visitor.socket() as socket:
            again = await next_list(socket, lambda _: True)
            assert again["version"] >= version
            await changed_by_a_look(visitor, socket, again["version"])
