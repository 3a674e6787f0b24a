"""How long a group's oldest message waits: the lag in seconds, read from the messages themselves."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from streaming.groups import PartitionLag
from streaming.messages.bounds import Spans
from streaming.messages.reading import LogReader, NotReadError

MOST: Final = 500
"""Partitions that are looked at; how long those beyond wait is not known."""

Waits = dict[tuple[str, int, int], datetime]
"""By topic, partition and the offset that is committed."""


def waiting_since(partitions: Iterable[PartitionLag]) -> Waits:
    """The time of the first message not committed yet, wherever a group lags. What is not to be had is left out."""
    by_topic: dict[str, dict[int, Spans]] = defaultdict(lambda: defaultdict(dict))
    lagging = {(each.topic, each.partition, each.committed): each.end for each in partitions if each.lag}
    for (topic, partition, committed), end in list(lagging.items())[:MOST]:
        if committed is not None and end is not None:
            rounds = by_topic[topic]
            # Groups that stand at different offsets of a partition take a round each.
            free = next(n for n in range(len(rounds) + 1) if partition not in rounds.get(n, {}))
            rounds[free][partition] = (committed, end)
    waits: Waits = {}
    for topic, rounds in by_topic.items():
        try:
            with LogReader(topic) as log:
                for spans in rounds.values():
                    for partition, records in log.read(spans, most=1).items():
                        if records and (at := records[0].at) is not None:
                            waits[topic, partition, spans[partition][0]] = at
        except NotReadError:
            continue
    return waits


def lag_seconds(partitions: Iterable[PartitionLag], waits: Waits, now: datetime) -> float | None:
    """How long the oldest message of them waits: 0 where none does, None where it is not known."""
    known = [wait_of(each, waits, now) for each in partitions if each.committed is not None]
    seconds = [each for each in known if each is not None]
    return max(seconds, default=0.0) if len(seconds) == len(known) else None


def wait_of(partition: PartitionLag, waits: Waits, now: datetime) -> float | None:
    if partition.committed is None or partition.lag is None:
        return None
    if not partition.lag:
        return 0.0
    since = waits.get((partition.topic, partition.partition, partition.committed))
    return None if since is None else max(0.0, (now - since).total_seconds())
