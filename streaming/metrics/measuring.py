"""Takes one sample of every metric; `streaming.tasks.sample_metrics` does so every few seconds."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Sum

from recommendations.models import ChangedVisitor
from streaming.cluster import Cluster, Unreachable
from streaming.freshness import measure_freshness
from streaming.groups import ConsumerGroup
from streaming.metrics import definitions as metrics
from streaming.metrics.counting import read_collected, read_lists
from streaming.metrics.definitions import APART, Metric
from streaming.metrics.sockets import read_sockets
from streaming.models import Batch, Sample
from streaming.queries import QueryState, query_states
from streaming.spool import waiting
from streaming.waits import lag_seconds, waiting_since

WINDOW: Final = timedelta(seconds=10)
"""What a rate is the mean of."""
DURATION_WINDOW: Final = timedelta(minutes=1)
FRESHNESS_WINDOW: Final = timedelta(minutes=5)

Reading = tuple[Metric, tuple[str, ...], float]
"""A metric, the values of its labels, and what was measured."""


def measure(cluster: Cluster | Unreachable, now: datetime, *, slow: bool = True) -> list[Sample]:
    """One sample of everything that can be measured now. What cannot be is left out, not set to 0.

    `slow` asks for what is measured once a minute, too.
    """
    states = query_states(cluster.ends() if isinstance(cluster, Cluster) else {})
    readings = [
        *_of_the_cluster(cluster),
        *_of_the_queries(states, now),
        *_of_the_batches(now),
        *_of_the_model(),
        *_of_the_spool(),
        *read_collected(now),
        *read_sockets(now),
        *(read_lists(now) if slow else ()),
    ]
    return [
        Sample(metric=metric.name, label=APART.join(of), at=now, value=value)
        for metric, of, value in readings
    ]


def _of_the_cluster(cluster: Cluster | Unreachable) -> Iterator[Reading]:
    if isinstance(cluster, Unreachable):
        yield metrics.KAFKA_UP, (), 0.0
        return
    yield metrics.KAFKA_UP, (), 1.0
    yield metrics.UNDER_REPLICATED, (), float(cluster.under_replicated)
    yield metrics.LEADERLESS, (), float(cluster.leaderless)
    for broker in cluster.brokers:
        of = (str(broker.id),)
        yield metrics.BROKERS, of, float(broker.alive and broker.id not in cluster.unanswered)
        yield metrics.BROKER_LEADS, of, float(broker.leads)
        if broker.size is not None:
            yield metrics.BROKER_BYTES, of, float(broker.size)
    yield from _of_the_groups(cluster.groups, cluster.taken_at)


def _of_the_groups(groups: Sequence[ConsumerGroup], now: datetime) -> Iterator[Reading]:
    waits = waiting_since(partition for group in groups for partition in group.partitions)
    for group in groups:
        if group.lag is not None:
            yield metrics.GROUP_LAG, (group.id,), float(group.lag)
        if (seconds := lag_seconds(group.partitions, waits, now)) is not None:
            yield metrics.GROUP_WAIT, (group.id,), seconds


def _of_the_queries(states: list[QueryState], now: datetime) -> Iterator[Reading]:
    sums = {
        row["query"]: (row["events__sum"], row["duplicates__sum"], row["rejected__sum"])
        for row in Batch.objects.filter(committed_at__gt=now - WINDOW, committed_at__lte=now)
        .values("query")
        .annotate(Sum("events"), Sum("duplicates"), Sum("rejected"))
    }
    for state in states:
        of = (state.query.name,)
        counted = sums.get(state.query.name, (0, 0, 0))
        for metric, count in zip(
            (metrics.EVENTS, metrics.DUPLICATES, metrics.REJECTED), counted, strict=True
        ):
            yield metric, of, count / WINDOW.total_seconds()
        yield metrics.SILENT, of, max(0.0, state.silent_for.total_seconds())
        if state.lag is not None:
            yield metrics.LAG, of, float(state.lag)


def _of_the_batches(now: datetime) -> Iterator[Reading]:
    since = [now - DURATION_WINDOW]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT query_id,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM committed_at - started_at))
            FROM streaming_batch WHERE committed_at > %s GROUP BY query_id
            """,
            since,
        )
        yield from ((metrics.BATCH, (query,), float(seconds)) for query, seconds in cursor.fetchall())
        cursor.execute(
            """
            SELECT key, percentile_cont(0.5) WITHIN GROUP (ORDER BY value::float8 / 1000)
            FROM streaming_batch, jsonb_each_text(durations) WHERE committed_at > %s GROUP BY key
            """,
            since,
        )
        yield from ((metrics.BATCH_STAGE, (stage,), float(seconds)) for stage, seconds in cursor.fetchall())


def _of_the_model() -> Iterator[Reading]:
    yield metrics.OUTBOX, (), float(ChangedVisitor.objects.count())
    if freshness := measure_freshness(FRESHNESS_WINDOW):
        yield metrics.FRESHNESS_MEDIAN, (), freshness.median
        yield metrics.FRESHNESS_P99, (), freshness.p99


def _of_the_spool() -> Iterator[Reading]:
    spool = waiting()
    yield metrics.SPOOL, (), float(spool.records)
    yield metrics.SPOOL_AGE, (), spool.age.total_seconds()
