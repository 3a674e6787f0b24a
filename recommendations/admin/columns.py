"""Columns and read-only fields of the model admins: a model's field, shown as `cells` shows it."""

from collections.abc import Callable

from django.contrib import admin
from django.db.models import Model
from django.utils import timezone

from recommendations.admin.cells import UNKNOWN, Cell, moment, number

Column = Callable[[Model], Cell]


def time_of(field: str, title: str) -> Column:
    """To the second, as lists need it."""

    @admin.display(description=title, ordering=field)
    def shown(record: Model) -> Cell:
        return moment(getattr(record, field))

    return shown


def instant_of(field: str, title: str) -> Column:
    """With its date, to the millisecond."""

    @admin.display(description=title, ordering=field)
    def shown(record: Model) -> Cell:
        at = getattr(record, field)
        if at is None:
            return UNKNOWN
        return timezone.localtime(at).isoformat(sep=" ", timespec="milliseconds")

    return shown


def number_of(field: str, title: str, places: int = 0) -> Column:
    @admin.display(description=title, ordering=field)
    def shown(record: Model) -> Cell:
        return number(getattr(record, field), places)

    return shown
