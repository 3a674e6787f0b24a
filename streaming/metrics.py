"""Every metric that is sampled: its name, what it means, and how it is measured.

`measure` is run every few seconds; the admin's charts and `/metrics` read the samples, never the sources.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Sum

from recommendations.models import ChangedVisitor
from streaming.cluster import Cluster, Unreachable
from streaming.freshness import measure_freshness
from streaming.models import Batch, Sample
from streaming.queries import QueryState, query_states
from streaming.spool import waiting

WINDOW: Final = timedelta(seconds=10)
"""What a rate is the mean of."""
DURATION_WINDOW: Final = timedelta(minutes=1)
FRESHNESS_WINDOW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    help: str
    label: str = ""
    """What its samples are told apart by: the Prometheus label's name."""


EVENTS: Final = Metric("events_per_second", "Records applied by a query, mean of the last 10 s.", "query")
DUPLICATES: Final = Metric("duplicates_per_second", "Events seen before, mean of the last 10 s.", "query")
REJECTED: Final = Metric("rejected_per_second", "Records that are no events, mean of the last 10 s.", "query")
LAG: Final = Metric("lag_events", "Events in the log that a query has not applied yet.", "query")
BATCH: Final = Metric(
    "batch_seconds_median",
    "From Spark's hand-over of a batch to its commit, median of the last minute.",
    "query",
)
FRESHNESS_MEDIAN: Final = Metric(
    "freshness_seconds_median",
    "From the receipt of a visitor's click to its effect in the model, last 5 minutes.",
)
FRESHNESS_P99: Final = Metric("freshness_seconds_p99", "As the median, but the slowest hundredth.")
UNDER_REPLICATED: Final = Metric(
    "under_replicated_partitions", "Partitions with fewer replicas in sync than set."
)
OUTBOX: Final = Metric("outbox_depth", "Changed lists whose visitors have not been told yet.")
SPOOL: Final = Metric("spool_depth", "Records that wait in Postgres for Kafka.")
SPOOL_AGE: Final = Metric("spool_age_seconds", "How long the oldest of them has waited; 0 while none does.")
KAFKA_UP: Final = Metric("kafka_up", "1 when the cluster answered, else 0.")

METRICS: Final = (
    EVENTS,
    DUPLICATES,
    REJECTED,
    LAG,
    BATCH,
    FRESHNESS_MEDIAN,
    FRESHNESS_P99,
    UNDER_REPLICATED,
    OUTBOX,
    SPOOL,
    SPOOL_AGE,
    KAFKA_UP,
)


Reading = tuple[Metric, str, float]
"""A metric, the value of its label, and what was measured."""


def measure(cluster: Cluster | Unreachable, now: datetime) -> list[Sample]:
    """One sample of everything that can be measured now. What cannot be is left out, not set to 0."""
    states = query_states(cluster.ends() if isinstance(cluster, Cluster) else {})
    readings = [
        *_of_the_cluster(cluster),
        *_of_the_batches(states, now),
        *_of_the_model(),
        *_of_the_spool(),
        *((LAG, state.query.name, float(state.lag)) for state in states if state.lag is not None),
    ]
    return [Sample(metric=metric.name, label=label, at=now, value=value) for metric, label, value in readings]


def _of_the_cluster(cluster: Cluster | Unreachable) -> Iterator[Reading]:
    if isinstance(cluster, Unreachable):
        yield KAFKA_UP, "", 0.0
        return
    yield KAFKA_UP, "", 1.0
    yield UNDER_REPLICATED, "", float(cluster.under_replicated)


def _of_the_batches(states: list[QueryState], now: datetime) -> Iterator[Reading]:
    sums = {
        row["query"]: (row["events__sum"], row["duplicates__sum"], row["rejected__sum"])
        for row in Batch.objects.filter(committed_at__gt=now - WINDOW, committed_at__lte=now)
        .values("query")
        .annotate(Sum("events"), Sum("duplicates"), Sum("rejected"))
    }
    for state in states:
        counted = sums.get(state.query.name, (0, 0, 0))
        for metric, count in zip((EVENTS, DUPLICATES, REJECTED), counted, strict=True):
            yield metric, state.query.name, count / WINDOW.total_seconds()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT query_id,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM committed_at - started_at))
            FROM streaming_batch WHERE committed_at > %s GROUP BY query_id
            """,
            [now - DURATION_WINDOW],
        )
        yield from ((BATCH, query, float(seconds)) for query, seconds in cursor.fetchall())


def _of_the_model() -> Iterator[Reading]:
    yield OUTBOX, "", float(ChangedVisitor.objects.count())
    if freshness := measure_freshness(FRESHNESS_WINDOW):
        yield FRESHNESS_MEDIAN, "", freshness.median
        yield FRESHNESS_P99, "", freshness.p99


def _of_the_spool() -> Iterator[Reading]:
    spool = waiting()
    yield SPOOL, "", float(spool.records)
    yield SPOOL_AGE, "", spool.age.total_seconds()
