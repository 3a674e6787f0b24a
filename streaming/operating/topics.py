"""Topics are created, given partitions, emptied and deleted. Each raises RefusedError, UnansweredError."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec

from streaming.changes import RefusedError
from streaming.cluster import Offsets
from streaming.operating.orders import check, inquire, tell

SEEN_WITHIN: Final = 10.0
"""Seconds until every broker should have heard of a topic that is new or gone."""


def create_topic(
    name: str, partitions: int, replication: int, settings: Mapping[str, str], *, dry_run: bool = False
) -> None:
    wanted = {
        name: {"num_partitions": partitions, "replication_factor": replication, "configs": dict(settings)}
    }

    def create(client: KafkaAdminClient) -> None:
        answer = client.create_topics(wanted, validate_only=dry_run, raise_errors=False)
        _check_all(answer["topics"])
        if not dry_run:
            _until(client, lambda names: name in names)

    tell(create)


def add_partitions(topic: str, count: int, *, dry_run: bool = False) -> None:
    """Until the topic has `count`."""

    def add(client: KafkaAdminClient) -> None:
        answer = client.create_partitions({topic: count}, validate_only=dry_run, raise_errors=False)
        for result in answer.results:
            check(result.error_code, result.error_message)

    tell(add)


def delete_topic(name: str) -> None:
    def delete(client: KafkaAdminClient) -> None:
        _check_all(client.delete_topics([name], raise_errors=False)["topics"])
        _until(client, lambda names: name not in names)

    tell(delete)


def delete_records(topic: str, until: Mapping[int, int]) -> Offsets:
    """Deletes the records before an offset of each partition; the earliest offsets that are there then."""
    wanted = {TopicPartition(topic, partition): offset for partition, offset in until.items()}

    def delete(client: KafkaAdminClient) -> Offsets:
        answers = client.delete_records(wanted)
        return {(at.topic, at.partition): answer["low_watermark"] for at, answer in answers.items()}

    return tell(delete)


def offsets_at(topic: str, partitions: int, spec: OffsetSpec | int) -> dict[int, int]:
    """By partition the first offset at that time (milliseconds), or at the end where there is none so late."""
    asked = [TopicPartition(topic, number) for number in range(partitions)]

    def read(client: KafkaAdminClient) -> dict[int, int]:
        found = client.list_partition_offsets(dict.fromkeys(asked, spec))
        ends = client.list_partition_offsets(dict.fromkeys(asked, OffsetSpec.LATEST))
        return {at.partition: found[at].offset if found[at].offset >= 0 else ends[at].offset for at in asked}

    return inquire(read)


def _check_all(topics: list[dict[str, Any]]) -> None:
    for topic in topics:
        check(topic["error_code"], topic.get("error_message"))


def _until(client: KafkaAdminClient, is_so: Callable[[set[str]], bool]) -> None:
    deadline = time.monotonic() + SEEN_WITHIN
    while not is_so({topic["name"] for topic in client.describe_topics()}):
        if time.monotonic() > deadline:
            raise RefusedError(
                f"Kafka took it, but its brokers have not heard of it within {SEEN_WITHIN:g} s: look at the brokers."
            )
        time.sleep(0.05)
