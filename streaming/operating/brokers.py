"""What single brokers and the controllers' quorum tell of themselves. Each raises RefusedError, UnansweredError."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from streaming.connection import log_dirs, send
from streaming.operating.orders import check, inquire, tell
from streaming.operating.protocol import UnregisterBrokerRequest


@dataclass(frozen=True, slots=True)
class Node:
    """A controller that votes, or a broker that follows the controllers' log."""

    id: int
    role: str
    end: int
    lag: int
    """Records of the metadata log that it has not fetched."""
    caught_up_at: datetime | None


@dataclass(frozen=True, slots=True)
class Folder:
    """A log dir of a broker. What it does not tell is None."""

    path: str
    error: int
    total: int | None
    usable: int | None
    sizes: dict[str, int]
    """Bytes by topic."""
    replicas: int
    arriving: int
    """Replicas that are being moved here from another folder of the broker."""


@dataclass(frozen=True, slots=True)
class Producing:
    """A producer that a partition's leader remembers: idempotent ones only, for some time after their last record."""

    topic: str
    partition: int
    id: int
    epoch: int
    last_sequence: int
    last_at: datetime | None
    in_transaction_from: int | None


def quorum() -> list[Node]:
    """The leader first."""

    def read(client: KafkaAdminClient) -> list[Node]:
        told = client.describe_metadata_quorum()["topics"][0]["partitions"][0]
        leader, end = told["leader_id"], told["high_watermark"]
        end = max([end, *(each["log_end_offset"] for each in told["current_voters"])])
        nodes = [
            _node(each, "leader" if each["replica_id"] == leader else role, end)
            for role, several in (("follower", "current_voters"), ("observer", "observers"))
            for each in told[several]
        ]
        return sorted(nodes, key=lambda node: (node.role != "leader", node.role, node.id))

    return inquire(read)


def folders(broker: int) -> list[Folder]:
    def read(client: KafkaAdminClient) -> list[Folder]:
        return [_folder(each) for each in log_dirs(client, broker)]

    return inquire(read)


def producers(partitions: Iterable[tuple[str, int]]) -> list[Producing]:
    """Of these partitions, newest record first."""
    wanted = [TopicPartition(*at) for at in partitions]

    def read(client: KafkaAdminClient) -> list[Producing]:
        found = client.describe_producers(wanted)
        rows = [_producing(at, each) for at, state in found.items() for each in state.active_producers]
        return sorted(rows, key=lambda row: row.last_at or datetime.min.replace(tzinfo=UTC), reverse=True)

    return inquire(read)


def _node(told: dict[str, Any], role: str, end: int) -> Node:
    at = told["last_caught_up_timestamp"]
    return Node(
        id=told["replica_id"],
        role=role,
        end=told["log_end_offset"],
        lag=max(0, end - told["log_end_offset"]),
        caught_up_at=_moment(at),
    )


def _folder(told: dict[str, Any]) -> Folder:
    sizes: dict[str, int] = defaultdict(int)
    for topic in told["topics"]:
        sizes[topic["name"]] += sum(each["partition_size"] for each in topic["partitions"])
    partitions = [each for topic in told["topics"] for each in topic["partitions"]]
    return Folder(
        path=told["log_dir"],
        error=told["error_code"],
        total=_known(told["total_bytes"]),
        usable=_known(told["usable_bytes"]),
        sizes=dict(sizes),
        replicas=len(partitions),
        arriving=sum(each["is_future_key"] for each in partitions),
    )


def _producing(at: TopicPartition, told: Any) -> Producing:
    start = told.current_transaction_start_offset
    return Producing(
        topic=at.topic,
        partition=at.partition,
        id=told.producer_id,
        epoch=told.producer_epoch,
        last_sequence=told.last_sequence,
        last_at=_moment(told.last_timestamp),
        in_transaction_from=start if start >= 0 else None,
    )


def _known(octets: int) -> int | None:
    return octets if octets >= 0 else None


def _moment(milliseconds: int) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds > 0 else None


def unregister(broker: int) -> None:
    """Has the controller forget a broker that is gone for good; refused while it is up."""

    def forget(client: KafkaAdminClient) -> None:
        answer = send(client, UnregisterBrokerRequest(broker_id=broker))
        check(answer.error_code, answer.error_message)

    tell(forget)
