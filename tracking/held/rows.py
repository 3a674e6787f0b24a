"""A visitor's rows in the tables of every app, as they stand: for who asks what is held about them."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection
from psycopg import sql

from tracking.models import VisitorBlock
from tracking.remains.tables import FIND_TABLES, LOOKED_INTO

NOT_TOLD = LOOKED_INTO | {VisitorBlock._meta.db_table}
"""Keys stay where they are; refused events and erasures are told in words of their own; the index only points."""


def rows_of(visitors: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """By table, every row with one of these visitors in its column `visitor_id`."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(FIND_TABLES)
        for schema, table in cursor.fetchall():
            if table in NOT_TOLD:
                continue
            rows = sql.SQL("SELECT to_jsonb(t)::text FROM {} t WHERE visitor_id = ANY (%s)").format(
                sql.Identifier(schema, table)
            )
            cursor.execute(rows, [list(visitors)])
            if theirs := [json.loads(row) for (row,) in cursor.fetchall()]:
                found[table if schema == "public" else f"{schema}.{table}"] = theirs
    return found
