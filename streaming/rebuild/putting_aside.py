"""While a model is being made, the pairs of each batch are only put aside, and added up together.

Nothing reads pairs before the first list is derived. Adding a few million sorted sums to the table at once takes a
fraction of what the same takes batch by batch, where each lands on another page.
"""

from collections.abc import Sequence
from typing import Final, Literal

from psycopg import sql

from streaming.jobs.fold import Connection

TABLE: Final = "pair_put_aside"
PAIRS: Final = "recommendations_pair"
ADD_UP: Final = """
    WITH summed AS MATERIALIZED (
        SELECT least(product_id, other_id) AS one, greatest(product_id, other_id) AS other,
               sum(greatest(weight, 0)) AS positive, sum(greatest(-weight, 0)) AS negative
        FROM ({asides}) aside
        WHERE abs((hashtext(product_id) # hashtext(other_id)) % {shares}) = {share}
        GROUP BY 1, 2
    )
    INSERT INTO {pairs} AS known (product_id, other_id, positive, negative)
    SELECT * FROM (
        SELECT one, other, positive, negative FROM summed
        UNION ALL
        SELECT other, one, positive, negative FROM summed
    ) both_ways
    ORDER BY one COLLATE "C"{conflict}
"""
INTO_OTHERS: Final = """, other COLLATE "C"
    ON CONFLICT (product_id, other_id) DO UPDATE
        SET positive = known.positive + excluded.positive, negative = known.negative + excluded.negative
"""
MEMORY: Final = "SET work_mem = '256MB'; SET maintenance_work_mem = '256MB'"


def put_aside(
    connection: Connection, schema: str, kind: Literal["TABLE", "UNLOGGED TABLE"] = "TABLE"
) -> None:
    """From now on the schema's folds put their pairs aside."""
    table = sql.Identifier(schema, TABLE)
    connection.execute(
        sql.SQL(f"CREATE {kind} {{}} (product_id text, other_id text, weight float8)").format(table)
    )
    body = sql.SQL("INSERT INTO {} SELECT * FROM recommendations_looked_at_together()").format(table)
    connection.execute(
        sql.SQL("CREATE FUNCTION {} () RETURNS void LANGUAGE sql AS {}").format(
            sql.Identifier(schema, "recommendations_fold_pairs"), sql.Literal(body.as_string())
        )
    )


def add_up(connection: Connection, schema: str) -> None:
    """Adds what was put aside to the pairs; where these are the first, their index is made after them."""
    with connection.transaction():
        connection.execute(MEMORY.replace("SET ", "SET LOCAL "))
        are_first = not has_pairs(connection, schema)
        key = drop_key(connection, schema) if are_first else None
        add_share(connection, schema, (schema,), are_first=are_first)
        if key is not None:
            connection.execute(key)
        empty(connection, schema)


def has_pairs(connection: Connection, schema: str) -> bool:
    query = sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(schema, PAIRS))
    return connection.execute(query).fetchone() is not None


def drop_key(connection: Connection, schema: str) -> sql.Composed:
    """Drops the primary key of the schema's pairs; returns the statement that makes it again."""
    row = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'p'",
        (f'"{schema}".{PAIRS}',),
    ).fetchone()
    assert row is not None
    pairs, name = sql.Identifier(schema, PAIRS), sql.Identifier(row[0])
    connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(pairs, name))
    return sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(pairs, name, sql.SQL(row[1]))


def add_share(
    connection: Connection,
    schema: str,
    asides: Sequence[str],
    *,
    are_first: bool,
    share: int = 0,
    shares: int = 1,
) -> None:
    """Adds to the schema's pairs one of so many shares of the pairs that were put aside in the schemas `asides`."""
    tables = (sql.SQL("SELECT * FROM {}").format(sql.Identifier(aside, TABLE)) for aside in asides)
    connection.execute(
        sql.SQL(ADD_UP).format(
            asides=sql.SQL(" UNION ALL ").join(tables),
            pairs=sql.Identifier(schema, PAIRS),
            share=sql.Literal(share),
            shares=sql.Literal(shares),
            conflict=sql.SQL("" if are_first else INTO_OTHERS),
        )
    )


def empty(connection: Connection, schema: str) -> None:
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(schema, TABLE)))


def is_putting_aside(connection: Connection, schema: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f'"{schema}".{TABLE}',)).fetchone()
    return row == (True,)


def settle(connection: Connection, schema: str) -> None:
    """Adds up the last of them; from now on folds add to the pairs themselves."""
    with connection.transaction():
        add_up(connection, schema)
        connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(schema, TABLE)))
        connection.execute(
            sql.SQL("DROP FUNCTION {} ()").format(sql.Identifier(schema, "recommendations_fold_pairs"))
        )
