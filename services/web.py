"""Whether the shop's web server answers."""

from collections.abc import Callable

import httpx


def web_probe(address: str) -> Callable[[], str]:
    def probe() -> str:
        httpx.get(address, timeout=2.0, trust_env=False).raise_for_status()
        return "answers"

    return probe
