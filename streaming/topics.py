"""The topics that the product needs, and what makes a cluster have them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewTopic,
    ResourceType,
)
from django.conf import settings

from tracking.events import ACTIVITY, RECOMMENDATIONS, REJECTED

ORDERS: Final = "orders"
"""Facts of the shop's orders; key = order. The shop sends them (shop/orders/relay.py)."""
CATALOGUE: Final = "catalogue"
"""The shop's products; key = product, whose newest record it is (shop/catalogue_topic/relay.py)."""
REPLICAS: Final = 3
"""Of each partition, where there are as many brokers."""
FOREVER: Final = {"retention.ms": "-1", "retention.bytes": "-1"}
ONE_HOUR: Final = {"retention.ms": "3600000", "segment.ms": "600000"}


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it should be. Replication is not in it: how many brokers there are decides that."""

    name: str
    partitions: int
    settings: Mapping[str, str]


TOPICS: Final = (
    # The brokers' clock, not the senders', orders events across partitions.
    TopicSpec(ACTIVITY, 6, FOREVER | {"message.timestamp.type": "LogAppendTime"}),
    TopicSpec(REJECTED, 3, FOREVER),
    TopicSpec(RECOMMENDATIONS, 3, ONE_HOUR),
    TopicSpec(ORDERS, 3, FOREVER),
    TopicSpec(CATALOGUE, 3, {"cleanup.policy": "compact"}),
)


class TopicsNotReadyError(Exception):
    """The cluster cannot be given its topics now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    created: list[str]
    mended: dict[str, list[str]]
    """Settings that a topic lacked, by topic. One that an operator has set otherwise is left alone."""


def topic_name(name: str) -> str:
    """The name on the cluster of the topic that the design calls `name`."""
    return f"{settings.KAFKA_TOPIC_PREFIX}{name}"


def replication() -> tuple[int, int]:
    """Replicas of each partition, and how many must be in sync for a write to be accepted."""
    factor = min(REPLICAS, settings.KAFKA_BROKERS)
    return factor, max(1, factor - 1)


def ensure_topics(*, timeout: float = 20.0) -> Outcome:
    """Creates what is missing and waits until every partition has a leader.

    Raises TopicsNotReadyError within about `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    # Errors come back as exceptions; librdkafka's own lines on stderr would only repeat them.
    admin = AdminClient(settings.KAFKA_CLIENT | {"log_level": 0})
    try:
        present = set(admin.list_topics(timeout=timeout).topics)
        created = _create(admin, [spec for spec in TOPICS if topic_name(spec.name) not in present], deadline)
        _await_leaders(admin, deadline)
        mended = _mend(admin, [spec for spec in TOPICS if topic_name(spec.name) not in created], deadline)
    except KafkaException as error:
        raise TopicsNotReadyError(_explain(error.args[0], timeout)) from error
    return Outcome(created, mended)


def _create(admin: AdminClient, specs: list[TopicSpec], deadline: float) -> list[str]:
    factor, in_sync = replication()
    wanted = [
        NewTopic(
            topic_name(spec.name),
            num_partitions=spec.partitions,
            replication_factor=factor,
            config={**spec.settings, "min.insync.replicas": str(in_sync)},
        )
        for spec in specs
    ]
    if not wanted:
        return []
    created = []
    for name, future in admin.create_topics(wanted, request_timeout=_left(deadline)).items():
        try:
            future.result()
        except KafkaException as error:
            # Another process was first: that is what was wanted.
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        else:
            created.append(name)
    return created


def _mend(admin: AdminClient, specs: list[TopicSpec], deadline: float) -> dict[str, list[str]]:
    _, in_sync = replication()
    resources = {ConfigResource(ResourceType.TOPIC, topic_name(spec.name)): spec for spec in specs}
    if not resources:
        return {}
    changes = []
    for resource, future in admin.describe_configs(list(resources), request_timeout=_left(deadline)).items():
        has = future.result()
        wants = {**resources[resource].settings, "min.insync.replicas": str(in_sync)}
        missing = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in wants.items()
            if has[name].value != value and has[name].source != ConfigSource.DYNAMIC_TOPIC_CONFIG.value
        ]
        if missing:
            changes.append(
                ConfigResource(ResourceType.TOPIC, resource.name, incremental_configs=missing),
            )
    if changes:
        for future in admin.incremental_alter_configs(changes, request_timeout=_left(deadline)).values():
            future.result()
    return {change.name: [entry.name for entry in change.incremental_configs] for change in changes}


def _await_leaders(admin: AdminClient, deadline: float) -> None:
    while leaderless := _leaderless(admin, deadline):
        if time.monotonic() > deadline:
            raise TopicsNotReadyError(
                f"Kafka has the topics, but no broker leads {', '.join(leaderless)}: "
                "see that enough brokers are up (`make status`), then run this again."
            )
        time.sleep(0.05)


def _leaderless(admin: AdminClient, deadline: float) -> list[str]:
    topics = admin.list_topics(timeout=_left(deadline)).topics
    leaderless = []
    for spec in TOPICS:
        topic = topics.get(topic_name(spec.name))
        if topic is None or not topic.partitions:
            leaderless.append(topic_name(spec.name))
        else:
            leaderless += [f"{topic.topic}-{p.id}" for p in topic.partitions.values() if p.leader < 0]
    return leaderless


def _left(deadline: float) -> float:
    return max(1.0, deadline - time.monotonic())


def _explain(error: KafkaError, timeout: float) -> str:
    address = settings.KAFKA_BOOTSTRAP_SERVERS
    if error.code() == KafkaError.INVALID_REPLICATION_FACTOR:
        factor, _ = replication()
        return (
            f"The Kafka at {address} has too few brokers for {factor} replicas: start the missing ones, "
            f"or set KAFKA_BROKERS to how many there are."
        )
    if error.code() in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT):
        return (
            f"Kafka did not answer at {address} within {timeout:g} s: start it (`make up`), "
            f"or set KAFKA_BOOTSTRAP_SERVERS to where yours is."
        )
    return f"Kafka at {address} refused: {error.str()}"
