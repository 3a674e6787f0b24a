"""The view `recommendations_product`: dropped before a migration of what it reads, made again after it."""

from hashlib import sha256
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.backends.utils import CursorWrapper

from recommendations.catalogue import COLUMNS, ProductColumns, catalogue

VIEW = "recommendations_product"


def drop_before_migration(*, using: str, plan: list[Any], **_: Any) -> None:
    """Postgres alters no column that a view reads. Other migrations leave the view, and so the lists, alone."""
    if not _tables_migrated(catalogue().products(), {migration.app_label for migration, _ in plan}):
        return
    with connections[using].cursor() as cursor:
        cursor.execute(f"DROP VIEW IF EXISTS {_name(cursor)}")


def make_after_migration(*, using: str, **_: Any) -> None:
    """Once its tables are there; a view that is right already is not touched, so that no reader waits."""
    make(catalogue().products(), using)


def make(products: ProductColumns, using: str = "default") -> None:
    """The view of these products, in place of another one."""
    connection = connections[using]
    rows = products.rows()
    sql, parameters = rows.query.get_compiler(using).as_sql()
    with connection.cursor() as cursor:
        if not set(_tables(products)) <= set(connection.introspection.table_names(cursor)):
            return
        definition = connection.ops.compose_sql(sql, parameters)  # type: ignore[attr-defined]  # Postgres has it
        fingerprint = sha256(definition.encode()).hexdigest()
        view = _name(cursor)
        # The view's comment tells what it was made from: Postgres writes definitions in its own words.
        cursor.execute("SELECT obj_description(to_regclass(%s), 'pg_class')", [view])
        if cursor.fetchone() == (fingerprint,):
            return
        cursor.execute(f"DROP VIEW IF EXISTS {view}")
        cursor.execute(f"CREATE VIEW {view} ({', '.join(COLUMNS)}) AS {definition}")
        cursor.execute(f"COMMENT ON VIEW {view} IS '{fingerprint}'")


def _name(cursor: CursorWrapper) -> str:
    """With the schema that tables are made in: another one further down the search path may have such a view too."""
    cursor.execute("SELECT quote_ident(current_schema())")
    return f"{cursor.fetchone()[0]}.{VIEW}"


def _tables(products: ProductColumns) -> list[str]:
    rows = products.rows()
    rows.query.get_compiler("default").as_sql()  # joins are there once it is compiled
    return [alias.table_name for alias in rows.query.alias_map.values()]


def _tables_migrated(products: ProductColumns, app_labels: set[str]) -> bool:
    tables = set(_tables(products))
    return any(
        model._meta.app_label in app_labels
        for model in apps.get_models(include_auto_created=True)
        if model._meta.db_table in tables
    )
