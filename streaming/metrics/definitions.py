"""Every metric that is sampled: its name and exactly what it means.

The admin's charts, `/metrics`, the alerts and docs/grafana.json go by these names.
"""

from dataclasses import dataclass
from typing import Final

APART: Final = "\x1f"
"""Between the values of a sample's labels, where a metric has several."""


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    help: str
    labels: tuple[str, ...] = ()
    """What its samples are told apart by: the names of the Prometheus labels."""
    worst: bool = False
    """Samples are rolled up to the highest of them: their mean would hide what matters."""
    slow: bool = False
    """Measured once a minute."""


QUERY: Final = ("query",)

# What comes in
COLLECTED: Final = Metric(
    "collected_per_second",
    "Events a second by what became of them, mean since the beginning of the minute before: accepted (answered as "
    "accepted), rejected (refused and kept), spooled (went through the spool) as the collector counts them, duplicate "
    "(seen within 24 hours) as the fold does.",
    ("outcome",),
)
ACCEPTED_BY_EVENT: Final = Metric(
    "accepted_per_second",
    "Events a second that were answered as accepted, by name, mean since the beginning of the minute before. Beyond "
    "the ten names with the most in the last hour they stand together as “all others”.",
    ("event",),
)
SPOOL: Final = Metric("spool_depth", "Records that wait in Postgres for Kafka.", worst=True)
SPOOL_AGE: Final = Metric(
    "spool_age_seconds", "How long the oldest of them has waited; 0 while none does.", worst=True
)

# What Spark's queries do
EVENTS: Final = Metric("events_per_second", "Records applied by a query, mean of the last 10 s.", QUERY)
DUPLICATES: Final = Metric("duplicates_per_second", "Events seen before, mean of the last 10 s.", QUERY)
REJECTED: Final = Metric("rejected_per_second", "Records that are no events, mean of the last 10 s.", QUERY)
LAG: Final = Metric("lag_events", "Events in the log that a query has not applied yet.", QUERY, worst=True)
SILENT: Final = Metric(
    "query_silent_seconds", "Since a query's driver last said that it is alive.", QUERY, worst=True
)
BATCH: Final = Metric(
    "batch_seconds_median",
    "From Spark's hand-over of a batch to its commit, median of the last minute.",
    QUERY,
)
BATCH_STAGE: Final = Metric(
    "batch_stage_seconds",
    "What each stage of a batch took, median of the last minute over all queries: read (and parsed, in Spark), copy "
    "(into Postgres), fold, lists.",
    ("stage",),
)
GROUP_LAG: Final = Metric(
    "group_lag_messages", "Messages that a consumer group has not committed yet.", ("group",), worst=True
)
GROUP_WAIT: Final = Metric(
    "group_lag_seconds",
    "How long the oldest message that a consumer group has not committed yet has been in the log, by the message's own"
    " time; 0 while none waits.",
    ("group",),
    worst=True,
)

# How fresh it is
FRESHNESS_MEDIAN: Final = Metric(
    "freshness_seconds_median",
    "From the receipt of a visitor's click to its effect in the model, last 5 minutes.",
)
FRESHNESS_P99: Final = Metric(
    "freshness_seconds_p99", "As the median, but the slowest hundredth.", worst=True
)
PAGE_MEDIAN: Final = Metric(
    "page_freshness_seconds_median",
    "From the receipt of a click by the collector until the list with it was handed to the socket of an open page of "
    "its visitor, median of the last 5 minutes, of at most the newest 500 of each web process.",
)
PAGE_P99: Final = Metric(
    "page_freshness_seconds_p99", "As the median, but the slowest hundredth.", worst=True
)

# What is pushed
SOCKETS: Final = Metric("open_sockets", "Pages whose socket is open, in all web processes.")
PUSHED: Final = Metric("pushed_per_second", "Lists sent to open pages, mean of the last 10 s.")
FAN_OUT: Final = Metric(
    "push_fan_out",
    "Pages that each list was sent to, mean of the last minute: 1 where every visitor has one page open.",
)
OUTBOX: Final = Metric("outbox_depth", "Changed lists whose visitors have not been told yet.", worst=True)

# What the lists are worth
CLICKS: Final = Metric(
    "list_clicks_per_hour",
    "Clicks an hour on products of a list, by their position in it, mean since the beginning of the hour before. "
    "Of the six lists with the most; positions beyond 10 stand together as 11+, unknown ones as 0.",
    ("list", "position"),
    slow=True,
)
CONVERSIONS: Final = Metric(
    "list_conversions_per_hour",
    "Clicks in a list whose product was then ordered in time, an hour: of the clicks of the hour that goes on and the "
    "24 before it.",
    ("list",),
    slow=True,
)

# The brokers
KAFKA_UP: Final = Metric("kafka_up", "1 when the cluster answered, else 0.")
BROKERS: Final = Metric(
    "broker_up", "1 when the controller counts a broker in and it answered, else 0.", ("broker",)
)
BROKER_LEADS: Final = Metric("broker_leads_partitions", "Partitions that a broker leads.", ("broker",))
BROKER_BYTES: Final = Metric("broker_bytes", "Bytes of all replicas on a broker's disks.", ("broker",))
UNDER_REPLICATED: Final = Metric(
    "under_replicated_partitions", "Partitions with fewer replicas in sync than set.", worst=True
)
LEADERLESS: Final = Metric("leaderless_partitions", "Partitions that no broker leads.", worst=True)

METRICS: Final = (
    COLLECTED,
    ACCEPTED_BY_EVENT,
    SPOOL,
    SPOOL_AGE,
    EVENTS,
    DUPLICATES,
    REJECTED,
    LAG,
    SILENT,
    BATCH,
    BATCH_STAGE,
    GROUP_LAG,
    GROUP_WAIT,
    FRESHNESS_MEDIAN,
    FRESHNESS_P99,
    PAGE_MEDIAN,
    PAGE_P99,
    SOCKETS,
    PUSHED,
    FAN_OUT,
    OUTBOX,
    CLICKS,
    CONVERSIONS,
    KAFKA_UP,
    BROKERS,
    BROKER_LEADS,
    BROKER_BYTES,
    UNDER_REPLICATED,
    LEADERLESS,
)
BY_NAME: Final = {metric.name: metric for metric in METRICS}
