"""Whether a broker answers, and whether its cluster counts it in."""

import logging
import socket
from collections.abc import Callable, Mapping

ANSWER_SECONDS = 2.0
VARIABLES = {
    "security.protocol": "KAFKA_SECURITY_PROTOCOL",
    "sasl.mechanism": "KAFKA_SASL_MECHANISM",
    "sasl.username": "KAFKA_SASL_USERNAME",
    "sasl.password": "KAFKA_SASL_PASSWORD",
    "ssl.ca.location": "KAFKA_SSL_CAFILE",
    "ssl.certificate.location": "KAFKA_SSL_CERTFILE",
    "ssl.key.location": "KAFKA_SSL_KEYFILE",
}
silent = logging.getLogger("services.kafka_probe")
silent.addHandler(logging.NullHandler())
silent.propagate = False  # the probe's own error tells all; the client would repeat it for every attempt


def broker_probe(
    address: str, number: int | None = None, settings: Mapping[str, str] | None = None
) -> Callable[[], str]:
    """Asks at `address`; with a `number`, that broker must be an unfenced member of the cluster."""

    def probe() -> str:
        from confluent_kafka.admin import AdminClient

        connect(address)
        client = AdminClient(
            {
                "bootstrap.servers": address,
                "socket.timeout.ms": int(ANSWER_SECONDS * 1000),
                **(settings or {}),
            },
            logger=silent,
        )
        members = client.list_topics(timeout=ANSWER_SECONDS).brokers
        if number is not None and number not in members:
            raise ConnectionError(f"broker {number} is not in the cluster yet")
        return f"one of {len(members)} brokers" if len(members) > 1 else "the only broker"

    return probe


def client_settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {option: value for option, name in VARIABLES.items() if (value := environment.get(name, ""))}


def connect(address: str) -> None:
    """A plain connection first: it fails at once where Kafka's client would wait and try again."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_SECONDS):
        pass
