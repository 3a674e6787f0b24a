"""What an event costs with catalogues of 10,000 to 1,000,000 products: the same fold, on tables filled with them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from statistics import median
from typing import Any

import psycopg
from rich.table import Table

from streaming.jobs.fold import Connection, copy_events, fold, open_fold
from streaming.rebuild.tables import create_indexes, create_tables, drop_tables, use
from tests.stack import Product

SIZES = (10_000, 100_000, 1_000_000)
PAIRS = 6
"""Of each product with those beside it, in each direction, from the start."""
BATCH = 5000
BATCHES = 12
WARM = 3
PATIENCE = timedelta(milliseconds=200)
SCHEMA = "bench"
WIDTH = 40
FILL = (
    """
    INSERT INTO recommendations_productcount (product_id, positive, negative)
    SELECT 'p' || n, 5000 / (1 + n %% 1000), 0 FROM generate_series(0, %(size)s - 1) n
    """,
    """
    INSERT INTO recommendations_pair (product_id, other_id, positive, negative)
    SELECT 'p' || n, 'p' || (n + step) %% %(size)s, 1, 0
    FROM generate_series(0, %(size)s - 1) n, generate_series(-%(pairs)s / 2, %(pairs)s / 2) step WHERE step <> 0
    AND n + step >= 0
    """,
    """
    INSERT INTO recommendations_similarproducts (product_id, as_of, other_ids, scores)
    SELECT 'p' || n, now(), ARRAY['p' || (n + 1) %% %(size)s], ARRAY[0.1] FROM generate_series(0, %(size)s - 1) n
    """,
    "ANALYZE recommendations_productcount, recommendations_pair, recommendations_similarproducts",
)


@dataclass(frozen=True)
class Cost:
    """Milliseconds in Postgres for a batch of 5,000 events; the baseline is the smallest catalogue's."""

    products: int
    fold_ms: float
    lists_ms: float
    fold_baseline_ms: float

    @property
    def ratio(self) -> float:
        return self.fold_ms / self.fold_baseline_ms

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"name": f"an event with {self.products:,} products", "ratio": self.ratio}


def growth(product: Product) -> list[Cost]:
    """The cost with each size. Batches of all sizes take turns, so that a slow moment strikes each alike."""
    taken: dict[int, list[tuple[float, float]]] = {size: [] for size in SIZES}
    connections = {size: filled(product, size) for size in SIZES}
    streams = {size: events(size) for size in SIZES}
    try:
        for number in range(BATCHES + WARM):
            for size, connection in connections.items():
                with connection.transaction():
                    copy_events(connection, islice(streams[size], BATCH))
                    folded = fold(connection, number, "bench", patience=PATIENCE)
                taken[size].append((folded.fold_ms, folded.lists_ms))
    finally:
        for size, connection in connections.items():
            drop_tables(connection, f"{SCHEMA}_{size}")
            connection.close()
    costs = {
        size: (median(t[0] for t in times[WARM:]), median(t[1] for t in times[WARM:]))
        for size, times in taken.items()
    }
    return [Cost(size, fold_ms, lists_ms, costs[SIZES[0]][0]) for size, (fold_ms, lists_ms) in costs.items()]


def filled(product: Product, size: int) -> Connection:
    """A connection on a model of its own with so many products."""
    connection = psycopg.connect(product.database_url, autocommit=True)
    schema = f"{SCHEMA}_{size}"
    drop_tables(connection, schema)
    create_tables(connection, schema, use=True)
    use(connection, schema)
    for statement in FILL:
        connection.execute(statement, {"size": size, "pairs": PAIRS})
    create_indexes(connection, schema)
    open_fold(connection)
    return connection


def events(products: int) -> Iterator[tuple[Any, ...]]:
    """Sessions of a few products that stand near each other, the n-th liked 1/n as often as the first (Zipf)."""
    chance = Random(1)
    offset, visitor = 0, 0
    while True:
        visitor += 1
        first = int(products ** chance.random())
        for _ in range(chance.randint(2, 8)):
            shown, now = f"p{(first + chance.randrange(12)) % products}", datetime.now(UTC)
            called = (f"visitor-{visitor}", f"event-{offset}", "Product Viewed")
            yield (0, offset, now, *called, now, now, [shown], None, "bench", False, None, None, None)
            offset += 1


def chart_of(costs: list[Cost]) -> Table:
    """Bars of the fold's cost; lists take what they are given."""
    table = Table("products", f"ms for {BATCH:,} events", "lists", "of the smallest", "asked for", "")
    most = max(cost.fold_ms for cost in costs)
    for cost in costs:
        bar = "█" * round(WIDTH * cost.fold_ms / most)
        numbers = (f"{cost.products:,}", f"{cost.fold_ms:.0f}", f"{cost.lists_ms:.0f}", f"{cost.ratio:.2f}")
        table.add_row(*numbers, "< 1.5", bar)
    return table
