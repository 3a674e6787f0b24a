"""What a model of the registry would show: its lists of one product or visitor, and how large it is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from recommendations.models import Model

Scored = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a list, and at which place the other model has it; None where it lacks it."""

    place: int
    product_id: str
    score: float
    elsewhere: int | None


def similar_products(model: Model, product_id: str) -> list[Scored]:
    """The products that the model calls similar to one, best first."""
    row = _ask(
        model,
        "SELECT other_ids, scores FROM recommendations_similarproducts WHERE product_id = %s",
        product_id,
    )
    return list(zip(row[0][0], row[0][1], strict=True)) if row else []


def list_of_visitor(model: Model, visitor_id: str) -> list[Scored]:
    """What the model would recommend to a visitor now; one without histories of its own reads the live ones."""
    row = _ask(model, "SELECT items::text FROM recommendations_list(%s)", visitor_id)
    return [(item["productId"], item["score"]) for item in json.loads(row[0][0])] if row else []


def compared(own: Sequence[Scored], other: Sequence[Scored]) -> list[Listed]:
    places = {product_id: place for place, (product_id, _) in enumerate(other, 1)}
    return [
        Listed(place, product_id, score, places.get(product_id))
        for place, (product_id, score) in enumerate(own, 1)
    ]


def size_of(model: Model) -> int:
    """Bytes on disk of the model's tables, indexes included."""
    rows = _ask(
        model,
        "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class WHERE relkind = 'r'"
        " AND relname LIKE 'recommendations\\_%%' AND relnamespace = to_regnamespace(quote_ident(%s))",
        model.schema,
    )
    return int(rows[0][0])


def _ask(model: Model, query: str, *values: Any) -> list[Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        before = cursor.fetchone()[0]
        path = sql.SQL("SET LOCAL search_path TO {}, public").format(sql.Identifier(model.schema))
        cursor.execute(path.as_string())
        cursor.execute(query, values)
        rows: list[Any] = cursor.fetchall()
        cursor.execute(
            "SELECT set_config('search_path', %s, true)", [before]
        )  # where a transaction was open before
    return rows
