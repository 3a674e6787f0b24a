"""Records sent together, and known to be on the in-sync brokers before anything is done about them."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError, Message, Producer

from tracking.delivery.client import CONFIG

PATIENCE_SECONDS: Final = 10
DROP_SECONDS: Final = 1.0


class NotAcknowledgedError(Exception):
    """Kafka does not take the records now. Some of them may have landed all the same."""


class Keyed(NamedTuple):
    """A record of the topic; without a value it deletes what the topic has of its key."""

    key: str
    value: bytes | None
    headers: Sequence[tuple[str, str]] = ()


class Sender:
    """To one topic, in the order given. Its producer is made when something is to be sent."""

    def __init__(self, client: Mapping[str, Any], topic: str, logger: logging.Logger) -> None:
        self.client = dict(client)
        self.topic = topic
        self.logger = logger
        self._producer: Producer | None = None

    @property
    def is_new(self) -> bool:
        """Whether nothing was sent since the start, or since `drop`."""
        return self._producer is None

    def send(self, records: Iterable[Keyed]) -> None:
        """Returns when the in-sync brokers have them all. Raises NotAcknowledgedError, KafkaException."""
        if self._producer is None:
            config = self.client | CONFIG | {"message.timeout.ms": PATIENCE_SECONDS * 1000}
            self._producer = Producer(config, logger=self.logger)
        refused: list[KafkaError] = []

        def answer(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                refused.append(error)

        for key, value, headers in records:
            self._producer.produce(self.topic, value, key=key, headers=list(headers), on_delivery=answer)
            self._producer.poll(0)
        if self._producer.flush(PATIENCE_SECONDS) or refused:
            raise NotAcknowledgedError(refused[0].str() if refused else "no acknowledgement in time")

    def drop(self) -> None:
        """Nothing comes later: what is still held is dropped."""
        if self._producer is not None:
            self._producer.purge()
            self._producer.flush(DROP_SECONDS)
            self._producer = None
