"""A projection made anew from the first fact, and compared with the one that pages read."""

from dataclasses import dataclass, field

from django.db import connection, models, transaction

from shop.facts.following import Follower
from shop.facts.models import Position


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one table: rows that only one of both sides has. A row that differs is on both."""

    table: str
    rows: int
    only_before: int
    only_rebuilt: int

    @property
    def is_none(self) -> bool:
        return self.only_before == self.only_rebuilt == 0


@dataclass(slots=True)
class Rebuilt:
    facts: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        return all(difference.is_none for difference in self.differences)


def rebuild(follower: Follower, *, keep: bool) -> Rebuilt:
    """Deletes what the projection has and works in every fact again, in one transaction.

    Pages read what was there until it is committed; commands meanwhile wait for their page, not for their facts.
    Without `keep` it only compares. Raises DatabaseError.
    """
    rebuilt = Rebuilt()
    with transaction.atomic():
        end = _hold(follower)
        for model in follower.tables:
            _put_aside(model)
        Position.objects.filter(follower=follower.name).update(notification_id=0)
        while follower.position() < end:
            rebuilt.facts += follower.step(end)
        rebuilt.differences = [_difference(model) for model in follower.tables]
        if not keep:
            transaction.set_rollback(True)
    return rebuilt


def _hold(follower: Follower) -> int:
    """Brings it up to date and keeps everybody else from it until the transaction ends; its place."""
    follower.catch_up()
    held = Position.objects.select_for_update().filter(follower=follower.name).first()
    return held.notification_id if held else 0


def _columns(model: type[models.Model]) -> str:
    """All but a number that only counts the rows."""
    counted = model._meta.auto_field
    return ", ".join(f'"{column.column}"' for column in model._meta.fields if column is not counted)


def _put_aside(model: type[models.Model]) -> None:
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.before_{table}")
        cursor.execute(
            f"CREATE TEMPORARY TABLE before_{table} ON COMMIT DROP AS SELECT {_columns(model)} FROM {table}"  # noqa: S608
        )
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608


def _difference(model: type[models.Model]) -> Difference:
    """JSON columns are compared as they are stored: `jsonb` has no two ways to write a value."""
    table, columns = model._meta.db_table, _columns(model)
    before, rebuilt = f"SELECT {columns} FROM before_{table}", f"SELECT {columns} FROM {table}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (SELECT count(*) FROM {table}), "  # noqa: S608
            f"(SELECT count(*) FROM ({before} EXCEPT ALL {rebuilt}) AS only_before), "
            f"(SELECT count(*) FROM ({rebuilt} EXCEPT ALL {before}) AS only_rebuilt)"
        )
        rows, only_before, only_rebuilt = cursor.fetchone()
    return Difference(table, rows, only_before, only_rebuilt)
