"""What batches had no time for is done while nothing happens."""

import psycopg

from tests.conftest import wait_for
from tests.stack import Product


def test_products_that_wait_are_derived_while_no_events_come(product: Product) -> None:
    with psycopg.connect(product.database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO recommendations_waitingproduct VALUES ('idle-1', now())")

        def derived() -> bool:
            waiting = connection.execute("SELECT FROM recommendations_waitingproduct").fetchone()
            return waiting is None

        wait_for(derived, 30, "the waiting product's list")
        stored = connection.execute(
            "DELETE FROM recommendations_similarproducts WHERE product_id = 'idle-1' RETURNING other_ids"
        )
        assert stored.fetchall() == [([],)]
