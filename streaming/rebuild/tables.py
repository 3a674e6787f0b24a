"""The tables of a model in a schema of its own: made like the live ones, with their names, and exchanged with them."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from psycopg import sql

from streaming.jobs.fold import Connection
from streaming.rebuild.putting_aside import put_aside

LIVE: Final = "public"
FACTS: Final = (
    "recommendations_pair",
    "recommendations_basketpair",
    "recommendations_productcount",
    "recommendations_productrhythm",
    "recommendations_producthour",
    "recommendations_visitorevent",
    "recommendations_visitorperson",
    "recommendations_purchase",
    "recommendations_seenevent",
    "recommendations_visitororigin",
    "recommendations_originday",
)
USE: Final = (
    "recommendations_listhour",
    "recommendations_listvisitor",
    "recommendations_listclick",
    "recommendations_exposure",
    "recommendations_exposurehour",
)
"""Facts of what became of the live lists: no second model has any."""


class Sums(NamedTuple):
    """A table whose rows are sums over many visitors: its key, and what is summed."""

    keys: tuple[str, ...]
    sums: tuple[str, ...]


SUMS: Final = {
    "recommendations_pair": Sums(("product_id", "other_id"), ("positive", "negative")),
    "recommendations_basketpair": Sums(("product_id", "other_id"), ("positive", "negative")),
    "recommendations_productcount": Sums(("product_id",), ("positive", "negative", "baskets")),
    "recommendations_productrhythm": Sums(("product_id",), ("gaps", "days")),
    "recommendations_producthour": Sums(("hour", "product_id"), ("weight",)),
    "recommendations_originday": Sums(("day", "origin", "product_id"), ("weight",)),
    "recommendations_listhour": Sums(
        ("hour", "list_id", "position"), ("impressions", "clicks", "conversions")
    ),
    "recommendations_exposurehour": Sums(("arm_id", "hour"), ("visitors", "clicked", "converted")),
}
"""Those of FACTS and USE that are; the rows of the others belong to one visitor each."""
SETTINGS: Final = ("recommendations_parameters", "recommendations_eventweight")
LISTS: Final = (
    "recommendations_similarproducts",
    "recommendations_visitorlist",
    "recommendations_waitingproduct",
    "recommendations_waitingvisitor",
)
MODEL: Final = (*FACTS, *SETTINGS, *LISTS, "recommendations_pruning")
"""What makes a model, and goes with it when two are exchanged."""
ASIDE: Final = (
    "recommendations_foldedminute",
    "recommendations_receivedminute",
    "recommendations_changedvisitor",
    "recommendations_sessionlist",
)
"""What a fold writes besides: a second model keeps it to itself, and the live site has its own."""
WITHOUT: Final = "CREATE FUNCTION {} () RETURNS void LANGUAGE sql AS ''"
"""Found before the function of this name that counts: for what is counted of the live site only."""


def create_tables(connection: Connection, schema: str, *, use: bool) -> None:
    """Empty tables like the live ones in a new schema, with the live parameters and primary keys only.

    `use` says whether what became of lists is counted there.
    """
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    create_like_live(connection, schema, MODEL + USE + ASIDE)
    for table in SETTINGS:
        connection.execute(
            sql.SQL("INSERT INTO {} SELECT * FROM {}").format(
                sql.Identifier(schema, table), sql.Identifier(LIVE, table)
            )
        )
    for counts in ("recommendations_count_minutes", *(() if use else ("recommendations_count_lists",))):
        connection.execute(sql.SQL(WITHOUT).format(sql.Identifier(schema, counts)))
    put_aside(connection, schema)


def create_like_live(
    connection: Connection,
    schema: str,
    tables: Iterable[str],
    kind: Literal["TABLE", "UNLOGGED TABLE"] = "TABLE",
) -> None:
    """Makes empty ones in the schema, with their primary and unique keys and no other index."""
    for table in tables:
        connection.execute(
            sql.SQL(f"CREATE {kind} {{}} (LIKE {{}} INCLUDING ALL EXCLUDING INDEXES)").format(
                sql.Identifier(schema, table), sql.Identifier(LIVE, table)
            )
        )
        keys = connection.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype IN ('p', 'u')",
            (f"{LIVE}.{table}",),
        )
        for name, definition in keys.fetchall():
            connection.execute(
                sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
                    sql.Identifier(schema, table), sql.Identifier(name), sql.SQL(definition)
                )
            )
    _keep_room(connection, schema, tables)


def _keep_room(connection: Connection, schema: str, tables: Iterable[str]) -> None:
    """What the live tables' storage was told (fillfactor), which LIKE does not copy."""
    told = connection.execute(
        "SELECT relname, array_to_string(reloptions, ', ') FROM pg_class WHERE relnamespace = %s::regnamespace"
        " AND relname = ANY (%s) AND reloptions IS NOT NULL",
        (LIVE, list(tables)),
    )
    for table, options in told.fetchall():
        connection.execute(
            sql.SQL("ALTER TABLE {} SET ({})").format(sql.Identifier(schema, table), sql.SQL(options))
        )


def create_indexes(connection: Connection, schema: str) -> None:
    """The live tables' other indexes, under their names: a fold needs none of them, and is faster without."""
    for table in MODEL + USE:
        indexes = connection.execute(
            """
            SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = %s::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
            """,
            (f"{LIVE}.{table}",),
        )
        for name, definition in indexes.fetchall():
            if connection.execute("SELECT to_regclass(%s)", (f'"{schema}"."{name}"',)).fetchone() == (None,):
                before, _, after = definition.partition(f" ON {LIVE}.{table} ")
                connection.execute(
                    sql.SQL("{} ON {} {}").format(
                        sql.SQL(before), sql.Identifier(schema, table), sql.SQL(after)
                    )
                )


def drop_tables(connection: Connection, schema: str) -> None:
    """Drops the schema with what is in it, and nothing that hangs on it: tables that were live once stand there."""
    held = connection.execute(
        """
        SELECT 'TABLE', format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE schemaname = %(schema)s
        UNION ALL
        SELECT 'FUNCTION', oid::regprocedure::text FROM pg_proc WHERE pronamespace = to_regnamespace(%(schema)s)
        """,
        {"schema": schema},
    ).fetchall()
    with connection.transaction():
        for kind, name in held:
            connection.execute(sql.SQL("DROP {} {}").format(sql.SQL(kind), sql.SQL(name)))
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {}").format(sql.Identifier(schema)))


def exchange(connection: Connection, schema: str, *, use: bool) -> None:
    """Makes the schema's model the live one, and the live one the schema's; within the caller's transaction.

    Readers see the one or the other. Each table is locked for them until the caller commits: do little more.
    """
    tables = MODEL + (USE if use else ())
    locked = sql.SQL(", ").join(_identifiers(tables, LIVE) + _identifiers(tables, schema))
    connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(locked))
    connection.execute("CREATE SCHEMA exchange")
    for here, there in ((LIVE, "exchange"), (schema, LIVE), ("exchange", schema)):
        for table in tables:
            connection.execute(
                sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(
                    sql.Identifier(here, table), sql.Identifier(there)
                )
            )
    connection.execute("DROP SCHEMA exchange")


def use(connection: Connection, *schemas: str) -> None:
    """From now on the connection's statements look for tables in these schemas, in order, before the live ones."""
    path = sql.SQL(", ").join(map(sql.Identifier, (*schemas, LIVE)))
    connection.execute(sql.SQL("SET search_path TO {}").format(path))


def _identifiers(tables: Iterable[str], schema: str) -> list[sql.Identifier]:
    return [sql.Identifier(schema, table) for table in tables]
