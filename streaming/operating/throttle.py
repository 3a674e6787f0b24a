"""Holds what moving partitions copy to a rate, and lets it go again: as Kafka's own tool does, with the same settings.

A throttle that is forgotten keeps replicas from catching up for ever, so whatever ends a move lifts it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from streaming.operating.layout import At, Layout, added
from streaming.operating.settings import (
    Resource,
    alter_settings,
    broker_resource,
    read_settings,
    topic_resource,
)

RATES: Final = ("leader.replication.throttled.rate", "follower.replication.throttled.rate")
"""Of a broker, bytes a second."""
REPLICAS: Final = ("leader.replication.throttled.replicas", "follower.replication.throttled.replicas")
"""Of a topic, which replicas they hold for: those that are read from, and those that are written."""


def throttle(before: Layout, after: Layout, bytes_per_second: int) -> None:
    """Of what moves from `before` to `after` only; other replication runs free."""
    copies = added(before, after)
    leaders: dict[str, list[str]] = defaultdict(list)
    followers: dict[str, list[str]] = defaultdict(list)
    for (topic, number), brokers in copies.items():
        leaders[topic] += [f"{number}:{broker}" for broker in before[topic, number]]
        followers[topic] += [f"{number}:{broker}" for broker in brokers]
    for topic in followers:
        wanted = zip(REPLICAS, (leaders[topic], followers[topic]), strict=True)
        alter_settings(topic_resource(topic), {name: ",".join(replicas) for name, replicas in wanted})
    involved = {b for at in copies for b in before[at]} | {b for brokers in copies.values() for b in brokers}
    for broker in sorted(involved):
        alter_settings(broker_resource(broker), dict.fromkeys(RATES, str(bytes_per_second)))


def lift(topics: Iterable[str], brokers: Iterable[int]) -> None:
    """Back to no throttle on these."""
    for topic in sorted(set(topics)):
        _unset(topic_resource(topic), REPLICAS)
    for broker in sorted(set(brokers)):
        _unset(broker_resource(broker), RATES)


def rates(brokers: Iterable[int]) -> Mapping[int, int]:
    """The throttle of each broker that has one, bytes a second."""
    found = {}
    for broker in brokers:
        value = read_settings(broker_resource(broker)).get(RATES[0])
        if value is not None and value.value:
            found[broker] = int(value.value)
    return found


def moving_topics(partitions: Iterable[At]) -> set[str]:
    return {topic for topic, _ in partitions}


def _unset(resource: Resource, names: Iterable[str]) -> None:
    settings = read_settings(resource)
    own = [name for name in names if name in settings and settings[name].source is resource.own_source]
    if own:
        alter_settings(resource, dict.fromkeys(own))
