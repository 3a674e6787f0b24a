"""An order's facts as they were written, and how it was after each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from eventsourcing.domain import DomainEvent

from shop.facts.application import facts, find
from shop.orders.order import ALPHABET, Order, state_of

OWN: Final = {"originator_id", "originator_version", "originator_topic", "timestamp"}
REST_BITS: Final = 88
"""Of an order's id, those that its number does not say."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fact of an order."""

    version: int
    kind: str
    happened_at: Any
    data: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class History:
    now: Order
    then: Order
    """As it was after the fact that is looked at."""
    steps: Sequence[Step]
    state: Sequence[tuple[str, Any, bool]]
    """Name, value, and whether the fact that is looked at changed it."""


def of_order(order_id: UUID, version: int | None) -> History | None:
    """With the state as of `version`, or as of now; None where there is no such order or version."""
    now = find(Order, order_id)
    if now is None or (version is not None and not 1 <= version <= now.version):
        return None
    then = now if version is None else find(Order, order_id, version)
    if then is None:
        return None
    before = find(Order, order_id, then.version - 1) if then.version > 1 else None
    known = state_of(before) if before else {}
    state = [(name, value, known.get(name) != value) for name, value in state_of(then).items()]
    return History(now, then, _steps(order_id), state)


def ids_of(search: str) -> tuple[UUID, UUID] | None:
    """The first and the last id that an order's number or whole id may mean; None where it is neither."""
    try:
        return UUID(search), UUID(search)
    except ValueError:
        letters = search.upper().replace("-", "").replace(" ", "")
    if len(letters) != 8 or not set(letters) <= set(ALPHABET):
        return None
    number = 0
    for letter in letters:
        number = number * len(ALPHABET) + ALPHABET.index(letter)
    first = number << REST_BITS
    return UUID(int=first), UUID(int=first + (1 << REST_BITS) - 1)


def _steps(order_id: UUID) -> list[Step]:
    found = facts().events.get(order_id)
    return [_step(fact) for fact in found if isinstance(fact, DomainEvent)]


def _step(fact: DomainEvent) -> Step:
    data = [(name, str(value)) for name, value in vars(fact).items() if name not in OWN]
    return Step(fact.originator_version, type(fact).__name__, fact.timestamp, data)
