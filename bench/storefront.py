"""How long the shop's server works on each page with 50,000 products: processor and database time of one process.

Alone, against a Postgres that runs: `python -m bench.storefront`, with DATABASE_URL and the other servers' addresses
set. Makes a database of its own beside that of the address, with the demo catalogue repeated under other numbers and
with its sample reviews, and drops it. With `--events 1000000` the orders' pages have so many facts behind them as well.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from rich.console import Console
from rich.table import Table

DATABASE = "bench_storefront"
PRODUCTS = 50_000
ROUNDS = 40
PAGES = {
    "home": "/",
    "category": "/c/mugs/",
    "category, last page": "/c/mugs/?page=9999&sort=rating",
    "category, filtered": "/c/mugs/?stock=in&price=10-20&rating=4",
    "search": "/search/?q=copper+lantern",
    "search, misspelt": "/search/?q=umbrela",
    "search, thousands found": "/search/?q=stoneware",
    "product": "/p/mug-001/",
}
LIMIT_MS = 100
MORE_PRODUCTS = """
    INSERT INTO shop_product (product_id, category_id, name, brand, description, attributes, price, stock,
        hidden, created_at, shape, colour, pattern, width, height)
    SELECT product_id || '-' || copy, category_id, name, brand, description, attributes, price + copy %% 7, stock,
        false, created_at - copy * interval '1 hour', shape, colour, pattern, width, height
    FROM shop_product, generate_series(1, %s) copy
"""
MORE_REVIEWS = """
    INSERT INTO shop_review (product_id, rating, title, text, written_at)
    SELECT copy.id, review.rating, review.title, review.text, review.written_at
    FROM shop_review review
    JOIN shop_product original ON original.id = review.product_id
    JOIN shop_product copy ON regexp_replace(copy.product_id, '-\\d+$', '') = original.product_id
    WHERE copy.id % 4 = 0
"""
ORDER_EVENTS = """
    INSERT INTO shop_orderentry (order_id, version, kind, happened_at, detail)
    SELECT md5((number / 5)::text)::uuid, number %% 5, 'placed', now() - number * interval '1 second', ''
    FROM generate_series(0, %s - 1) number
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=PRODUCTS)
    parser.add_argument("--events", type=int, default=0)
    given = parser.parse_args()
    with filled(os.environ["DATABASE_URL"], given.products, given.events) as url:
        os.environ["DATABASE_URL"] = url
        Console(width=120).print(table_of(measured()))


@contextmanager
def filled(database_url: str, products: int, events: int) -> Iterator[str]:
    own_url = urlsplit(database_url)._replace(path=f"/{DATABASE}").geturl()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
        try:
            for command in ("migrate", "load_catalogue"):
                subprocess.run(
                    [sys.executable, "manage.py", command],
                    env={**os.environ, "DATABASE_URL": own_url},
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
            with psycopg.connect(own_url, autocommit=True) as own:
                row = own.execute("SELECT count(*) FROM shop_product").fetchone()
                own.execute(MORE_PRODUCTS, [products // (row or (1,))[0]])
                own.execute(MORE_REVIEWS)
                if events:
                    own.execute(ORDER_EVENTS, [events])
                own.execute("VACUUM ANALYZE")
            yield own_url
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


def measured() -> dict[str, list[tuple[float, float]]]:
    """Of each page, in milliseconds: the whole time, and the processor's in this process (without the database's)."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in PAGES}
    for name, path in PAGES.items():
        for _ in range(ROUNDS + 3):
            began, began_working = time.perf_counter(), time.process_time()
            assert client.get(path).status_code == 200, path
            times[name].append(
                ((time.perf_counter() - began) * 1000, (time.process_time() - began_working) * 1000)
            )
        del times[name][:3]  # caches fill, plans are made
    return times


def table_of(times: dict[str, list[tuple[float, float]]]) -> Table:
    table = Table("page", "median ms", "p95 ms", "of it in Python, p95", "asked for")
    for name, samples in times.items():
        whole, working = (sorted(column) for column in zip(*samples, strict=True))
        middle, late = len(whole) // 2, int(len(whole) * 0.95)
        table.add_row(
            name, f"{whole[middle]:.1f}", f"{whole[late]:.1f}", f"{working[late]:.1f}", f"p95 < {LIMIT_MS}"
        )
    return table


if __name__ == "__main__":
    main()
