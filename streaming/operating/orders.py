"""How the cluster is told to change something: what it refuses is an error in its own words, with what to do."""

from collections.abc import Callable
from typing import Any, TypeVar

from kafka import errors
from kafka.admin import KafkaAdminClient
from kafka.errors import BrokerResponseError

from streaming.changes import RefusedError
from streaming.connection import changing_connection
from streaming.snapshots import forget

T = TypeVar("T")


def tell(order: Callable[[KafkaAdminClient], T]) -> T:
    """What `order` returns, which is given the client. Raises RefusedError, UnansweredError."""
    try:
        return changing_connection.ask(lambda client: _answered(client, order))
    finally:
        forget()


def send(client: KafkaAdminClient, request: Any, broker: int | None = None) -> Any:
    """The answer to a request that the client has no method for, or whose method leaves out what is wanted."""
    return client._manager.run(client._manager.send, request, broker)


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
