"""The library's Postgres recorder on Django's own connection.

So facts are committed in the same transaction as what else a command writes, and no second pool of connections is
needed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.db import connection, transaction
from eventsourcing import persistence
from eventsourcing.persistence import BaseInfrastructureFactory, StoredEvent
from eventsourcing.postgres import (
    PostgresAggregateRecorder,
    PostgresApplicationRecorder,
    PostgresDatastore,
    PostgresFactory,
)
from eventsourcing.utils import Environment
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier

LOCK: Final = "shop.facts"
"""Held from a writer's first fact to its commit: places in the log become visible in their order."""


class Datastore(PostgresDatastore):
    """Django's connection of the running thread, which reads rows as the library expects them meanwhile."""

    def __init__(self) -> None:
        super().__init__(dbname="", host="", port="", user="", password="")

    @contextmanager
    def get_connection(self) -> Iterator[psycopg.Connection[DictRow]]:
        connection.ensure_connection()
        own = connection.connection
        before, own.row_factory = own.row_factory, dict_row
        try:
            yield own
        except psycopg.Error as error:
            raise _as_the_librarys(error) from error
        finally:
            own.row_factory = before
            if own.closed and not connection.in_atomic_block:
                connection.close()  # the library tries again, with a new one

    def register_type_adapters(self) -> None:
        """No composite types are used."""


class AggregateRecorder(PostgresAggregateRecorder):
    """Of snapshots: one that another process has taken already is as good."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        statement = SQL(
            "INSERT INTO {} (originator_id, originator_version, topic, state) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING"
        ).format(Identifier(self.events_table_name))
        with self.datastore.get_connection() as own, own.cursor() as cursor:
            cursor.executemany(statement, map(_row, stored_events))


class ApplicationRecorder(PostgresApplicationRecorder):
    """Of facts. Raises IntegrityError, and leaves the caller's transaction as it was, where somebody was first."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        statement = SQL(
            "INSERT INTO {} (originator_id, originator_version, topic, state) VALUES (%s, %s, %s, %s) "
            "RETURNING notification_id"
        ).format(Identifier(self.events_table_name))
        places: list[int] = []
        with self.datastore.get_connection() as own, transaction.atomic(), own.cursor() as cursor:
            # Not LOCK TABLE, as the library has it: autovacuum and that lock wait for each other.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
            for event in stored_events:
                cursor.execute(statement, _row(event))
                places += [row["notification_id"] for row in cursor.fetchall()]
        return places


class Factory(PostgresFactory):
    """Tables come from Django's migrations."""

    aggregate_recorder_class = AggregateRecorder
    application_recorder_class = ApplicationRecorder

    def __init__(self, env: Environment) -> None:
        BaseInfrastructureFactory.__init__(self, env)
        self.datastore = Datastore()

    def env_create_table(self) -> bool:
        return False


def _row(event: StoredEvent) -> tuple[Any, ...]:
    return event.originator_id, event.originator_version, event.topic, event.state


def _as_the_librarys(error: psycopg.Error) -> persistence.PersistenceError:
    """The library's exception of the same name, whose callers tell a conflict from an outage by it."""
    for kind in type(error).__mro__:
        own = getattr(persistence, kind.__name__, None)
        if isinstance(own, type) and issubclass(own, persistence.PersistenceError):
            return own(str(error))
    return persistence.PersistenceError(str(error))
