"""How the cluster is told to change something: what it refuses is an error in its own words, with what to do."""

from collections.abc import Callable
from typing import TypeVar

from kafka import errors
from kafka.admin import KafkaAdminClient
from kafka.errors import BrokerResponseError

from streaming.changes import RefusedError
from streaming.connection import changing_connection, connection
from streaming.snapshots import forget

T = TypeVar("T")


def inquire(question: Callable[[KafkaAdminClient], T]) -> T:
    """What `question` returns, which changes nothing. Raises RefusedError, UnansweredError."""
    return connection.ask(lambda client: _answered(client, question))


def tell(order: Callable[[KafkaAdminClient], T]) -> T:
    """What `order` returns, which changes something. Raises RefusedError, UnansweredError."""
    try:
        return changing_connection.ask(lambda client: _answered(client, order))
    finally:
        forget()


def check(code: int, message: str | None, what: str = "") -> None:
    """Raises RefusedError unless the broker's answer says that it is done."""
    if code:
        kind = errors.for_code(code)
        told = message or getattr(kind, "description", "") or kind.__name__
        raise RefusedError(f"{what}: {told}" if what else f"Kafka refused: {told}")


def _answered(client: KafkaAdminClient, order: Callable[[KafkaAdminClient], T]) -> T:
    try:
        return order(client)
    except BrokerResponseError as error:
        raise RefusedError(f"Kafka refused: {error}") from error
