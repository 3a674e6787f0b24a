"""Where facts are kept, and how a command writes them."""

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import connection, transaction
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import InfrastructureFactory, IntegrityError
from eventsourcing.utils import Environment

from shop.basket.basket import Basket
from shop.facts.recorder import Factory
from shop.stock.stock import Stock

ATTEMPTS: Final = 20

A = TypeVar("A", bound=Aggregate)
T = TypeVar("T")


class BusyError(Exception):
    """Others changed the same thing again and again: nothing was done, and the customer may try once more."""


class Facts(Application[UUID]):
    """Baskets, orders and stock: what a command changes of several of them is committed together or not at all."""

    name = "shop"
    is_snapshotting_enabled = True
    # An order is short. A basket lives as long as its customer, and a product's stock as long as the shop.
    snapshotting_intervals = {Basket: 50, Stock: 100}

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        return Factory(env)


@cache
def facts() -> Facts:
    return Facts()


def find(kind: type[A], aggregate_id: UUID, version: int | None = None) -> A | None:
    """The aggregate as it is, or as it was at `version`; None where there is none."""
    try:
        found: Aggregate = facts().repository.get(aggregate_id, version=version)
    except AggregateNotFoundError:
        return None
    if not isinstance(found, kind):
        raise TypeError(f"{aggregate_id} is a {type(found).__name__}, and no {kind.__name__}.")
    return found


def save(*aggregates: Aggregate) -> None:
    """Commits what happened to them, all or nothing. Raises IntegrityError where one has changed meanwhile."""
    facts().save(*aggregates)


def insist(command: Callable[[], T], *, alone_with: Iterable[str] = ()) -> T:
    """Runs a command in a transaction, and anew where somebody else was first: then it sees what they did.

    What stands in `alone_with` no other command of the same names is given meanwhile: a hundred who want the same
    last item queue for it, instead of undoing each other's work. Raises BusyError.
    """
    names = sorted(set(alone_with))
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                _queue_for(names)
                return command()
        except IntegrityError:
            continue
    raise BusyError("Much is going on at once; please try again.")


def _queue_for(names: list[str]) -> None:
    """In one order for all, so that nobody waits in a circle."""
    with connection.cursor() as cursor:
        for name in names:
            number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
