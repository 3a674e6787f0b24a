"""How long the shop's pages take, seen from a client on the same machine, one request at a time."""

import re
import time

import httpx

from bench.measure import Measurement, measured
from tests.stack import Product

ROUNDS = 60
BASELINE = "GET /healthz"


def pages(product: Product) -> list[Measurement]:
    """Each page beside `/healthz`, which does nothing, in turn, so that both see the same machine."""
    with httpx.Client(base_url=product.shop) as client:
        home = client.get("/").text
        product_page = _first(r'href="(/p/[^"]+/)"', home)
        category = _first(r'href="(/c/[^"]+/)"', home)
        addresses = {
            "home": "/",
            "category": category,
            "product": product_page,
            "search": "/search/?q=lamp",
            "list of the visitor (API)": "/api/recommendations/visitor/",
        }
        times: dict[str, list[float]] = {name: [] for name in addresses}
        nothing: list[float] = []
        for _ in range(ROUNDS):
            nothing.append(_time(client, "/healthz"))
            for name, address in addresses.items():
                times[name].append(_time(client, address))
    return [
        measured(f"page: {name}", samples, BASELINE, nothing, "median < 50")
        for name, samples in times.items()
    ]


def _first(pattern: str, page: str) -> str:
    found = re.search(pattern, page)
    assert found is not None, f"the home page has no link like {pattern}"
    return found[1]


def _time(client: httpx.Client, address: str) -> float:
    began = time.perf_counter()
    client.get(address).raise_for_status()
    return (time.perf_counter() - began) * 1000
