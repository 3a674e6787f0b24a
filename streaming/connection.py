"""One connection to the cluster for each process that reads what it is and does, and one that changes it."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.net.compat import KafkaNetClient
from kafka.protocol.admin import DescribeLogDirsRequest

T = TypeVar("T")

TIMEOUT_MS = 2000
CHANGE_TIMEOUT_MS = 15_000
"""A change goes through the controller's log and may be waited for; giving up early would leave it unknown."""

_OPTIONS = {
    "security.protocol": "security_protocol",
    "sasl.mechanism": "sasl_mechanism",
    "sasl.username": "sasl_plain_username",
    "sasl.password": "sasl_plain_password",
    "ssl.ca.location": "ssl_cafile",
    "ssl.certificate.location": "ssl_certfile",
    "ssl.key.location": "ssl_keyfile",
}
"""librdkafka's names of the security settings, and kafka-python's."""


class UnansweredError(Exception):
    """Kafka did not answer; the message says where and for how long."""


class Connection:
    """Opens its client when first asked, and anew after a failure. Safe to share between threads."""

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._lock = threading.Lock()
        self._client: KafkaAdminClient | None = None
        self._address = ""

    def ask(self, question: Callable[[KafkaAdminClient], T]) -> T:
        """The answer of `question`, which is given the client. Raises UnansweredError."""
        try:
            with self._lock:
                client = self._open()
            return question(client)
        except (KafkaError, OSError) as error:
            self.close()
            # That it took too long is in the message already.
            detail = "" if isinstance(error, KafkaTimeoutError) else f": {error}"
            raise UnansweredError(
                f"Kafka did not answer at {settings.KAFKA_BOOTSTRAP_SERVERS} "
                f"for {self._timeout_ms / 1000:g} s{detail}"
            ) from error

    def close(self) -> None:
        """Closes the client, if there is one; the next question opens another."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _open(self) -> KafkaAdminClient:
        if self._client is not None and self._address == settings.KAFKA_BOOTSTRAP_SERVERS:
            return self._client
        if self._client is not None:
            self._client.close()
            self._client = None
        self._address = settings.KAFKA_BOOTSTRAP_SERVERS
        self._client = connect(self._address, self._timeout_ms)
        return self._client


def connect(address: str, timeout_ms: int = TIMEOUT_MS) -> KafkaAdminClient:
    """A client of the caller's own, who closes it. Raises KafkaError."""
    opened: list[KafkaNetClient] = []

    def open_network(**options: Any) -> KafkaNetClient:
        opened.append(KafkaNetClient(**options))
        return opened[-1]

    try:
        return KafkaAdminClient(
            bootstrap_servers=address.split(","),
            client_id="tributary-admin",
            request_timeout_ms=timeout_ms,
            bootstrap_timeout_ms=TIMEOUT_MS,
            kafka_client=open_network,
            **{_OPTIONS[name]: value for name, value in settings.KAFKA_SECURITY.items()},
        )
    except KafkaError:
        # The constructor leaves its network thread running when it fails: one more for every attempt.
        for network in opened:
            network.close()
        raise


def send(client: KafkaAdminClient, request: Any, broker: int | None = None) -> Any:
    """The answer to a request that the client has no method for, or whose method asks for more than is wanted."""
    return client._manager.run(client._manager.send, request, broker)


def log_dirs(client: KafkaAdminClient, broker: int) -> list[dict[str, Any]]:
    """What the broker tells of its folders and all that is in them.

    The client's own method names every partition in its request: with thousands it takes ten times as long.
    """
    return [each.to_dict() for each in send(client, DescribeLogDirsRequest(topics=None), broker).results]


connection = Connection(TIMEOUT_MS)
changing_connection = Connection(CHANGE_TIMEOUT_MS)
