"""Messages of Kafka's protocol that kafka-python has not, described as Kafka describes them (KIP-631)."""

from kafka.protocol.api_message import ApiMessage


class UnregisterBrokerRequest(ApiMessage, load_json=__package__):  # type: ignore[call-arg,misc]
    """Asks the controller to forget a broker that is gone for good."""


class UnregisterBrokerResponse(ApiMessage, load_json=__package__):  # type: ignore[call-arg,misc]
    """An error code and message."""
