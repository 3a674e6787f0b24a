"""Partitions on their way to other brokers: started, throttled, watched and cancelled.

Each function raises RefusedError where the cluster refuses, UnansweredError where it does not answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import BrokerResponseError

from streaming.changes import RefusedError
from streaming.connection import log_dirs
from streaming.operating.layout import At, Layout, Replicas
from streaming.operating.orders import inquire, tell


@dataclass(frozen=True, slots=True)
class Ongoing:
    """What the controller says of a partition that is being moved."""

    replicas: Replicas
    adding: Replicas
    removing: Replicas

    @property
    def target(self) -> Replicas:
        return tuple(broker for broker in self.replicas if broker not in self.removing)

    @property
    def original(self) -> Replicas:
        return tuple(broker for broker in self.replicas if broker not in self.adding)


def ongoing() -> dict[At, Ongoing]:
    """Every partition that is being moved, whoever started it."""

    def read(client: KafkaAdminClient) -> dict[At, Ongoing]:
        found = client.list_partition_reassignments()
        return {
            (at.topic, at.partition): Ongoing(
                tuple(each["replicas"]), tuple(each["adding_replicas"]), tuple(each["removing_replicas"])
            )
            for at, each in sorted(found.items())
        }

    return inquire(read)


def start(target: Layout) -> None:
    _alter({at: list(replicas) for at, replicas in target.items()})


def cancel(partitions: Iterable[At]) -> None:
    """Back to where they were; a partition that has arrived meanwhile stays."""
    _alter(dict.fromkeys(partitions), is_gone_fine=True)


def layout_of(topics: Iterable[str]) -> dict[At, Replicas]:
    """Where the partitions of these topics are, as the controller has it now."""
    wanted = sorted(set(topics))

    def read(client: KafkaAdminClient) -> dict[At, Replicas]:
        return {
            (topic["name"], each["partition_index"]): tuple(each["replica_nodes"])
            for topic in (client.describe_topics(wanted) if wanted else [])
            for each in topic["partitions"]
        }

    return inquire(read)


def sizes(brokers: Iterable[int]) -> dict[int, dict[At, int]]:
    """Bytes of each replica, also of one that is on its way, by broker."""
    asked = sorted(set(brokers))

    def read(client: KafkaAdminClient) -> dict[int, dict[At, int]]:
        return {
            broker: {
                (topic["name"], each["partition_index"]): each["partition_size"]
                for folder in log_dirs(client, broker)
                for topic in folder["topics"]
                for each in topic["partitions"]
            }
            for broker in asked
        }

    return inquire(read)


def elect_preferred(partitions: Iterable[At]) -> dict[At, str]:
    """Makes the first replica of each the leader; by partition, why one could not be."""
    wanted: dict[str, list[int]] = {}
    for topic, number in partitions:
        wanted.setdefault(topic, []).append(number)

    def elect(client: KafkaAdminClient) -> dict[At, str]:
        answer = client.elect_leaders(0, wanted, raise_errors=False)
        needless = 84  # it leads already
        return {
            (result.topic, each.partition_id): each.error_message or f"error {each.error_code}"
            for result in answer.replica_election_results
            for each in result.partition_result
            if each.error_code not in (0, needless)
        }

    return tell(elect)


def _alter(wanted: Mapping[At, list[int] | None], *, is_gone_fine: bool = False) -> None:
    def alter(client: KafkaAdminClient) -> None:
        answers = client.alter_partition_reassignments(
            {TopicPartition(*at): replicas for at, replicas in wanted.items()}
        )
        refused = {
            at: error
            for at, error in answers.items()
            if error is not None and not (is_gone_fine and error.errno == _NONE_IN_PROGRESS)
        }
        for at, error in refused.items():
            raise RefusedError(
                f"{at.topic}-{at.partition} is not moved, nor {len(refused) - 1} more: {_why(error)}"
            )

    tell(alter)


_NONE_IN_PROGRESS = 85


def _why(error: type[BrokerResponseError]) -> str:
    return f"{error.__name__}: {error.description}"
