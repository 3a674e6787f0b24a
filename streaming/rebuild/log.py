"""Reads a topic from its beginning to given offsets, without joining a group."""

from collections.abc import Iterator, Mapping

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from django.conf import settings

SILENCE_SECONDS = 30
"""How long the brokers may say nothing before reading is given up."""


class LogUnreadableError(Exception):
    """The brokers did not answer, or the log no longer has what was asked for."""


def read_log(
    topic: str, start: Mapping[int, int], end: Mapping[int, int], batch_size: int = 5000
) -> Iterator[list[Message]]:
    """The records of each partition from `start` (its beginning where it is left out) up to `end`, excluded.

    Lists of up to `batch_size`, in order within each partition. Raises LogUnreadableError.
    """
    consumer = Consumer(
        settings.KAFKA_CLIENT
        | {
            "group.id": "rebuild",  # asked for by the client; no offset is committed under it
            "enable.auto.commit": False,
            "enable.partition.eof": False,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 50,
        }
    )
    open_ends = {p: offset for p, offset in end.items() if offset > start.get(p, 0)}
    try:
        consumer.assign([TopicPartition(topic, p, start.get(p, OFFSET_BEGINNING)) for p in open_ends])
        silent = 0
        while open_ends:
            messages = consumer.consume(batch_size, 0.5)
            silent = 0 if messages else silent + 1
            if silent * 0.5 > SILENCE_SECONDS:
                raise LogUnreadableError(f"{topic}: the brokers gave nothing for {SILENCE_SECONDS} s")
            batch = [message for message in messages if _is_wanted(message, open_ends)]
            if batch:
                yield batch
            for reached in consumer.position([TopicPartition(topic, p) for p in open_ends]):
                if reached.offset >= open_ends[reached.partition]:
                    consumer.incremental_unassign([TopicPartition(topic, reached.partition)])
                    del open_ends[reached.partition]
    except KafkaException as error:
        raise LogUnreadableError(f"{topic}: {error}") from error
    finally:
        consumer.close()


def _is_wanted(message: Message, ends: Mapping[int, int]) -> bool:
    if error := message.error():
        raise KafkaException(error)
    partition, offset = message.partition(), message.offset()
    return partition is not None and offset is not None and offset < ends.get(partition, 0)
