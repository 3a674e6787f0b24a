"""What the tests of the serving side share: a small catalogue, ranked products, a process's environment."""

import os
from collections.abc import Callable, Iterator, Sequence

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.conftest import Connection
from tests.recommendations.goods import clear, stock
from tests.streaming.conftest import away, prefix, topics

__all__ = ["away", "prefix", "topics"]

Rank = Callable[..., None]


@pytest.fixture
def goods(model: Connection) -> Iterator[None]:
    """The products of `tests.recommendations.goods` in the shop."""
    clear(model)
    stock(model)
    yield
    clear(model)


@pytest.fixture
def rank(model: Connection) -> Rank:
    """Writes the ranked lists, of all and by category: `rank(trending=["tea-1"], popular=["mug-1", "tea-1"])`."""

    def write(**lists: Sequence[str]) -> None:
        model.execute("DELETE FROM recommendations_rankedproduct")
        for kind, products in lists.items():
            for place, product in enumerate(products, 1):
                model.execute(
                    "INSERT INTO recommendations_rankedproduct (kind, category, rank, product_id, score, as_of)"
                    " SELECT %(kind)s, list, %(place)s, %(product)s, %(score)s, now() FROM (SELECT '' AS list UNION ALL"
                    "  SELECT category FROM recommendations_product WHERE product_id = %(product)s) lists",
                    {"kind": kind, "place": place, "product": product, "score": 1 / place},
                )

    return write


@pytest.fixture
def environment(model: Connection, topics: str) -> dict[str, str]:
    """What a process of the product needs to work on the tests' database and the test's topics."""
    return os.environ | {"DATABASE_URL": database_url(model), "KAFKA_TOPIC_PREFIX": topics}


def database_url(model: Connection) -> str:
    """The address of the tests' database."""
    parts = conninfo_to_dict(model.info.dsn) | {"password": model.info.password}
    return (
        f"postgresql://{parts['user']}:{parts['password']}@{parts['host']}:{parts['port']}/{parts['dbname']}"
    )
