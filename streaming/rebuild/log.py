"""Reads a topic from its beginning to given offsets, without joining a group."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from django.conf import settings

from streaming.rebuild.decoding import Batch, Decoder

BATCH_RECORDS: Final = 20_000
SILENCE_SECONDS = 30
"""How long the brokers may say nothing before reading is given up."""


class LogUnreadableError(Exception):
    """The brokers did not answer, or the log no longer has what was asked for."""


def read_batches(
    topic: str, start: Mapping[int, int], end: Mapping[int, int], lanes: int = 1
) -> Iterator[Batch]:
    """The log between the offsets as batches of a fold, each read and decoded while its caller folds the one before.

    Raises LogUnreadableError.
    """
    decoder = Decoder(lanes)
    read = read_log(topic, start, end, BATCH_RECORDS * lanes)
    decoded = (decoder.batch(topic, messages) for messages in read)
    with ThreadPoolExecutor(1, thread_name_prefix="read-log") as thread:
        ahead = thread.submit(next, decoded, None)
        while (batch := ahead.result()) is not None:
            ahead = thread.submit(next, decoded, None)
            yield batch


def read_log(
    topic: str, start: Mapping[int, int], end: Mapping[int, int], batch_size: int = BATCH_RECORDS
) -> Iterator[list[Message]]:
    """The records of each partition from `start` (its beginning where it is left out) up to `end`, excluded.

    Lists of up to `batch_size`, in order within each partition. Raises LogUnreadableError.
    """
    open_ends = {p: offset for p, offset in end.items() if offset > start.get(p, 0)}
    if not open_ends:
        return
    missing = sum(offset - start.get(p, 0) for p, offset in open_ends.items())
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
    try:
        consumer.assign([TopicPartition(topic, p, start.get(p, OFFSET_BEGINNING)) for p in open_ends])
        silent = 0
        while open_ends:
            # No more than there are: it would wait for them.
            messages = consumer.consume(max(1, min(batch_size, missing)), 0.5)
            silent = 0 if messages else silent + 1
            if silent * 0.5 > SILENCE_SECONDS:
                raise LogUnreadableError(f"{topic}: the brokers gave nothing for {SILENCE_SECONDS} s")
            batch = [message for message in messages if _is_wanted(message, open_ends)]
            missing -= len(batch)
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
