"""While a model is being made, the pairs of each batch are only put aside, and added up together.

Nothing reads pairs before the first list is derived. Adding a few million sorted sums to the table at once takes a
fraction of what the same takes batch by batch, where each lands on another page.
"""

from typing import Final

from psycopg import sql

from streaming.jobs.fold import Connection

TABLE: Final = "pair_put_aside"
ADD_UP: Final = """
    WITH summed AS MATERIALIZED (
        SELECT least(product_id, other_id) AS one, greatest(product_id, other_id) AS other,
               sum(greatest(weight, 0)) AS positive, sum(greatest(-weight, 0)) AS negative
        FROM {table} GROUP BY 1, 2
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


def put_aside(connection: Connection, schema: str) -> None:
    """From now on the schema's folds put their pairs aside."""
    table = sql.Identifier(schema, TABLE)
    connection.execute(
        sql.SQL("CREATE TABLE {} (product_id text, other_id text, weight float8)").format(table)
    )
    body = sql.SQL("INSERT INTO {} SELECT * FROM recommendations_looked_at_together()").format(table)
    connection.execute(
        sql.SQL("CREATE FUNCTION {} () RETURNS void LANGUAGE sql AS {}").format(
            sql.Identifier(schema, "recommendations_fold_pairs"), sql.Literal(body.as_string())
        )
    )


def add_up(connection: Connection, schema: str) -> None:
    """Adds what was put aside to the pairs; where these are the first, their index is made after them."""
    names = {"table": sql.Identifier(schema, TABLE), "pairs": sql.Identifier(schema, "recommendations_pair")}
    with connection.transaction():
        connection.execute("SET LOCAL work_mem = '256MB'")
        connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
        if connection.execute(sql.SQL("SELECT FROM {pairs} LIMIT 1").format(**names)).fetchone() is not None:
            connection.execute(sql.SQL(ADD_UP).format(**names, conflict=sql.SQL(INTO_OTHERS)))
        else:
            key = connection.execute(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conrelid = %s::regclass AND contype = 'p'",
                (f'"{schema}".recommendations_pair',),
            ).fetchone()
            assert key is not None
            name, definition = sql.Identifier(key[0]), sql.SQL(key[1])
            connection.execute(sql.SQL("ALTER TABLE {pairs} DROP CONSTRAINT {}").format(name, **names))
            connection.execute(sql.SQL(ADD_UP).format(**names, conflict=sql.SQL("")))
            connection.execute(
                sql.SQL("ALTER TABLE {pairs} ADD CONSTRAINT {} {}").format(name, definition, **names)
            )
        connection.execute(sql.SQL("TRUNCATE {table}").format(**names))


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
