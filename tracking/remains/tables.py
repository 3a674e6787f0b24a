"""A visitor's rows: in every table with a column `visitor_id`, whoever's it is, and in the spool."""

from datetime import datetime

from django.db import connection
from psycopg import sql

from tracking.events import REJECTED
from tracking.models import Erasure, Person, RejectedEvent, SpooledRecord, VisitorKey
from tracking.remains.place import Place
from tracking.remains.reading import in_event, in_rejection, speaks_of

FIND_TABLES = """
    SELECT c.table_schema, c.table_name
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.column_name = 'visitor_id' AND t.table_type = 'BASE TABLE'
        AND c.table_schema NOT IN ('pg_catalog', 'information_schema')
    ORDER BY c.table_schema, c.table_name
"""
LOOKED_INTO = {model._meta.db_table for model in (VisitorKey, RejectedEvent, Erasure)}


def in_tables(visitor_id: str, erased_at: datetime | None) -> list[Place]:
    """The audit's own rows are left out: that a number was erased is what may stay of it."""
    key = VisitorKey.objects.filter(visitor_id=visitor_id).first()
    secret = bytes(key.key) if key else None
    return [
        _keys(key, erased_at),
        _persons(key, erased_at),
        _spool(visitor_id, secret, erased_at),
        _refused(visitor_id, secret, erased_at),
        *_others(visitor_id),
    ]


def _keys(key: VisitorKey | None, erased_at: datetime | None) -> Place:
    place = Place(VisitorKey._meta.db_table)
    if key is not None:
        place.add({"key": "opens what is sealed"}, at=key.created_at, erased_at=erased_at)
    return place


def _persons(key: VisitorKey | None, erased_at: datetime | None) -> Place:
    place = Place(Person._meta.db_table)
    for person in Person.objects.filter(person_id=key.person_id) if key and key.person_id else []:
        place.add(
            {"person": "tells whose id it is to who knows the user's"},
            at=person.created_at,
            erased_at=erased_at,
        )
    return place


def _spool(visitor_id: str, key: bytes | None, erased_at: datetime | None) -> Place:
    place = Place(SpooledRecord._meta.db_table)
    for row in SpooledRecord.objects.filter(key=visitor_id):
        place.add(
            in_event(bytes(row.value), key)[0] if row.value else {}, at=row.spooled_at, erased_at=erased_at
        )
    for row in SpooledRecord.objects.filter(topic__endswith=REJECTED):
        value = bytes(row.value or b"")
        if speaks_of(value, visitor_id):
            place.add(in_rejection(value, key)[0], at=row.spooled_at, erased_at=erased_at)
    return place


def _refused(visitor_id: str, key: bytes | None, erased_at: datetime | None) -> Place:
    place = Place(RejectedEvent._meta.db_table)
    for row in RejectedEvent.objects.filter(visitor_id=visitor_id):
        place.add(in_rejection(bytes(row.record), key)[0], at=row.rejected_at, erased_at=erased_at)
    return place


def _others(visitor_id: str) -> list[Place]:
    """Tables of others: what they may hold of a visitor is the random number, products and times."""
    places = []
    with connection.cursor() as cursor:
        cursor.execute(FIND_TABLES)
        for schema, table in cursor.fetchall():
            if table in LOOKED_INTO:
                continue
            count = sql.SQL("SELECT count(*) FROM {} WHERE visitor_id = %s").format(
                sql.Identifier(schema, table)
            )
            cursor.execute(count, [visitor_id])
            name = table if schema == "public" else f"{schema}.{table}"
            places.append(Place(name, records=cursor.fetchone()[0]))
    return places
