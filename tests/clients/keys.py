"""Write keys in the running product, made for one test."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import psycopg

from tests.conftest import wait_for
from tests.stack import Product


@contextmanager
def write_key(
    product: Product, *, allowed_origins: list[str] | None = None, rate_limit: int | None = None
) -> Iterator[str]:
    """A browser's key that the collector knows by now."""
    key = f"test-{uuid4().hex}"
    with psycopg.connect(product.database_url, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO tracking_writekey (name, key, kind, is_active, for_pages, allowed_origins, rate_limit,
                may_backfill, may_identify, may_erase)
            VALUES (%(key)s, %(key)s, 'browser', true, false, %(origins)s, %(limit)s, false, true, false)
            """,
            {"key": key, "origins": allowed_origins or [], "limit": rate_limit},
        )
        settings = f"{product.shop}v1/projects/{key}/settings"
        wait_for(lambda: httpx.get(settings).status_code == 200, what="the collector to know the key")
        yield key
        connection.execute("DELETE FROM tracking_writekey WHERE key = %s", (key,))
