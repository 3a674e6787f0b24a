"""Takes snapshots of the cluster over the network."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django.conf import settings
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError
from kafka.protocol.consumer import ListOffsetsRequest

from streaming.cluster import Broker, Cluster, Offsets, Partition, Topic, Unreachable
from streaming.connection import UnansweredError, connection, log_dirs, send
from streaming.consumer_protocol import members_of
from streaming.groups import ConsumerGroup, Member, PartitionLag

FRESH_FOR: Final = 2.0
"""Seconds for which everybody who asks is given the same snapshot."""

RECENT_FOR: Final = 12.0
"""Seconds: longer than pages wait until they read themselves anew."""

_lock = threading.Lock()
_refreshing = threading.Lock()
_newest: tuple[float, str, Cluster | Unreachable] | None = None


def snapshot() -> Cluster | Unreachable:
    """The cluster as it was at most `FRESH_FOR` seconds ago. Never raises for what Kafka does."""
    global _newest
    # Those who come while a snapshot is being taken wait for it instead of asking the brokers too.
    with _lock:
        address = settings.KAFKA_BOOTSTRAP_SERVERS
        if _newest and _newest[1] == address and time.monotonic() - _newest[0] < FRESH_FOR:
            return _newest[2]
        taken = take_snapshot()
        _newest = (time.monotonic(), address, taken)
        return taken


def recent_snapshot() -> Cluster | Unreachable:
    """For pages that are looked at: the newest of the last `RECENT_FOR` seconds at once, while a newer one is taken.

    Thousands of partitions take half a second to ask for, and pages read themselves anew every few seconds.
    """
    newest = _newest
    if newest is None or newest[1] != settings.KAFKA_BOOTSTRAP_SERVERS or isinstance(newest[2], Unreachable):
        return snapshot()
    age = time.monotonic() - newest[0]
    if age > RECENT_FOR:
        return snapshot()
    if age > FRESH_FOR and _refreshing.acquire(blocking=False):
        threading.Thread(target=_refresh, args=[newest], name="snapshot", daemon=True).start()
    return newest[2]


def _refresh(seen: tuple[float, str, Cluster | Unreachable]) -> None:
    global _newest
    try:
        taken = take_snapshot()
        with _lock:
            # What was changed meanwhile made the old one be forgotten: this one may not show it.
            if _newest is seen:
                _newest = (time.monotonic(), seen[1], taken)
    finally:
        _refreshing.release()


def forget() -> None:
    """Lets whoever asks next in this process see what was changed just now."""
    global _newest
    with _lock:
        _newest = None


def take_snapshot() -> Cluster | Unreachable:
    """The cluster as it is now."""
    try:
        return connection.ask(lambda client: _Reader(client).read())
    except UnansweredError as error:
        return Unreachable(str(error), datetime.now(UTC))


def read_ends(topics: Iterable[str]) -> Offsets:
    """The end offset of every partition of `topics` now; a topic that is not there is left out.

    Raises UnansweredError.
    """
    wanted = list(topics)

    def ask(client: KafkaAdminClient) -> Offsets:
        described = client.describe_topics(wanted) if wanted else []
        partitions = [
            TopicPartition(topic["name"], partition["partition_index"])
            for topic in described
            for partition in topic["partitions"]
        ]
        found = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        return {(at.topic, at.partition): answer.offset for at, answer in found.items()}

    return connection.ask(ask)


class _Reader:
    """Asks each broker what it alone knows, and none again that has once not answered."""

    def __init__(self, client: KafkaAdminClient) -> None:
        self.client = client
        self.unanswered: set[int] = set()

    def read(self) -> Cluster:
        described = self.client.describe_cluster()
        alive = [b["broker_id"] for b in described["brokers"] if not b.get("is_fenced")]
        layout = self.client.describe_topics()
        sizes = self._sizes(alive)
        leaders = {
            TopicPartition(topic["name"], partition["partition_index"]): partition["leader_id"]
            for topic in layout
            for partition in topic["partitions"]
        }
        # Before the ends: no group can seem to have read past one.
        groups = self._groups(alive)
        earliest = self._offsets(leaders, OffsetSpec.EARLIEST)
        latest = self._offsets(leaders, OffsetSpec.LATEST)
        topics = tuple(
            sorted(
                (_topic(each, earliest, latest, sizes) for each in layout),
                key=lambda topic: (topic.internal, topic.name),
            )
        )
        return Cluster(
            id=described["cluster_id"],
            brokers=self._brokers(described["brokers"], topics, sizes),
            topics=topics,
            groups=tuple(sorted((_group(each, latest) for each in groups), key=lambda group: group.id)),
            unanswered=tuple(sorted(self.unanswered)),
            taken_at=datetime.now(UTC),
        )

    def _brokers(
        self, described: list[dict[str, Any]], topics: Iterable[Topic], sizes: dict[int, Offsets]
    ) -> tuple[Broker, ...]:
        partitions = [partition for topic in topics for partition in topic.partitions]
        controller = self._controller()
        return tuple(
            Broker(
                id=broker["broker_id"],
                address=f"{broker['host']}:{broker['port']}",
                rack=broker["rack"],
                alive=not broker.get("is_fenced"),
                controls=broker["broker_id"] == controller,
                leads=sum(p.leader == broker["broker_id"] for p in partitions),
                holds=sum(broker["broker_id"] in p.replicas for p in partitions),
                size=sum(sizes[broker["broker_id"]].values()) if broker["broker_id"] in sizes else None,
            )
            for broker in sorted(described, key=lambda each: each["broker_id"])
        )

    def _controller(self) -> int | None:
        # In KRaft, a cluster's description names any broker as its controller; the quorum knows.
        try:
            quorum = self.client.describe_metadata_quorum()
        except KafkaError:
            # While the quorum elects, nobody is: the page then marks no broker.
            return None
        leader: int = quorum["topics"][0]["partitions"][0]["leader_id"]
        return leader

    def _sizes(self, alive: list[int]) -> dict[int, Offsets]:
        """Bytes of each replica, by broker."""
        sizes: dict[int, Offsets] = {}
        for broker in alive:
            try:
                held = log_dirs(self.client, broker)
            except KafkaError:
                self.unanswered.add(broker)
                continue
            sizes[broker] = {
                (topic["name"], partition["partition_index"]): partition["partition_size"]
                for folder in held
                for topic in folder["topics"]
                for partition in topic["partitions"]
            }
        return sizes

    def _offsets(self, leaders: dict[TopicPartition, int], spec: OffsetSpec) -> Offsets:
        by_leader: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for partition, leader in leaders.items():
            if leader >= 0 and leader not in self.unanswered:
                by_leader[leader][partition.topic].append(partition.partition)
        offsets: Offsets = {}
        for leader, topics in by_leader.items():
            try:
                answer = send(self.client, _offsets_request(topics, spec), leader)
            except KafkaError:
                self.unanswered.add(leader)
                continue
            # A partition that has just got another leader is not known for a moment.
            offsets |= {
                (topic.name, each.partition_index): each.offset
                for topic in answer.topics
                for each in topic.partitions
                if not each.error_code
            }
        return offsets

    def _groups(self, alive: list[int]) -> list["_Group"]:
        groups: list[_Group] = []
        for broker in alive:
            if broker in self.unanswered:
                continue
            try:
                listed = {
                    each["group_id"]: each
                    for each in self.client.list_groups(broker_ids=[broker])
                    if each["protocol_type"] in ("consumer", "")
                }
                members = self._members(listed, broker)
                committed = self.client.list_group_offsets(list(listed)) if listed else {}
            except (KafkaError, UnansweredError):
                self.unanswered.add(broker)
                continue
            groups += [
                _Group(name, broker, each["group_state"], members[name], committed[name])
                for name, each in listed.items()
            ]
        return groups

    def _members(self, listed: dict[str, dict[str, Any]], coordinator: int) -> dict[str, tuple[Member, ...]]:
        newer = [name for name, each in listed.items() if each.get("group_type") == "consumer"]
        classic = [name for name in listed if name not in newer]
        described = self.client.describe_groups(classic, group_coordinator_id=coordinator) if classic else {}
        members = {name: tuple(map(_member, each["members"])) for name, each in described.items()}
        return members | (members_of(newer) if newer else {})


def _offsets_request(topics: dict[str, list[int]], spec: OffsetSpec) -> ListOffsetsRequest:
    """The client's own method reads the whole layout anew for each leader: with thousands of partitions, seconds."""
    asked = ListOffsetsRequest.ListOffsetsTopic
    return ListOffsetsRequest(
        isolation_level=0,
        topics=[
            asked(
                name=name,
                partitions=[
                    asked.ListOffsetsPartition(partition_index=each, timestamp=int(spec)) for each in numbers
                ],
            )
            for name, numbers in topics.items()
        ],
    )


def _topic(described: dict[str, Any], earliest: Offsets, latest: Offsets, sizes: dict[int, Offsets]) -> Topic:
    name = described["name"]

    def partition(each: dict[str, Any]) -> Partition:
        at = (name, each["partition_index"])
        leader = each["leader_id"] if each["leader_id"] >= 0 else None
        return Partition(
            topic=name,
            number=each["partition_index"],
            leader=leader,
            replicas=tuple(each["replica_nodes"]),
            in_sync=tuple(each["isr_nodes"]),
            earliest=earliest.get(at),
            latest=latest.get(at),
            size=sizes.get(leader, {}).get(at) if leader is not None else None,
        )

    ordered = sorted(described["partitions"], key=lambda each: each["partition_index"])
    return Topic(name, described["is_internal"], tuple(partition(each) for each in ordered))


class _Group(NamedTuple):
    """A group as its coordinator tells of it."""

    name: str
    coordinator: int
    state: str
    members: tuple[Member, ...]
    committed: dict[Any, Any]


def _group(told: _Group, ends: Offsets) -> ConsumerGroup:
    offsets: dict[tuple[str, int], int | None] = {
        at: None for member in told.members for at in member.assigned
    }
    offsets |= {
        (at.topic, at.partition): each.offset for at, each in told.committed.items() if each.offset >= 0
    }
    return ConsumerGroup(
        id=told.name,
        state=told.state,
        coordinator=told.coordinator,
        members=told.members,
        partitions=tuple(
            PartitionLag(topic, partition, offset, ends.get((topic, partition)))
            for (topic, partition), offset in sorted(offsets.items())
        ),
    )


def _member(described: dict[str, Any]) -> Member:
    assignment = described["member_assignment"] or {}
    return Member(
        member_id=described["member_id"],
        client_id=described["client_id"],
        host=described["client_host"].lstrip("/"),
        assigned=tuple(
            (topic["topic"], partition)
            for topic in assignment.get("assigned_partitions", [])
            for partition in topic["partitions"]
        ),
    )
