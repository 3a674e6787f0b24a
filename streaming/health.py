"""Whether the servers that the product stands on answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psycopg
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from streaming.cluster import Unreachable
from streaming.queries import query_states
from streaming.snapshots import snapshot
from streaming.spool import waiting

VALKEY_TIMEOUT: Final = 1.0
POSTGRES_TIMEOUT: Final = 2
SPOOL_SECONDS: Final = 60
"""A record that has waited for longer is not on its way: Kafka or the relay is away."""


@dataclass(frozen=True, slots=True)
class Health:
    """`state` is `ready`, `degraded` (works, with something missing) or `down`."""

    state: str
    detail: str


def check_all() -> dict[str, Health]:
    """Each dependency by name. Spark's queries and the spool are known only while Postgres answers."""
    postgres = check_postgres()
    checks: dict[str, Callable[[], Health]] = {"valkey": check_valkey, "kafka": check_kafka}
    if postgres.state == "ready":
        checks |= {"spark": check_spark, "spool": check_spool}
    return {"postgres": postgres} | {name: check() for name, check in checks.items()}


def check_postgres() -> Health:
    """By a connection of its own: that the pool is used up is not that Postgres is down."""
    try:
        with psycopg.connect(settings.DATABASE_URL, connect_timeout=POSTGRES_TIMEOUT) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        return Health("down", f"Postgres did not answer: {error}".strip())
    return Health("ready", "answers")


def check_valkey() -> Health:
    client = Redis.from_url(
        settings.VALKEY_URL, socket_connect_timeout=VALKEY_TIMEOUT, socket_timeout=VALKEY_TIMEOUT
    )
    try:
        client.ping()
    except RedisError as error:
        return Health("down", f"Valkey did not answer: {error}")
    finally:
        client.close()
    return Health("ready", "answers")


def check_kafka() -> Health:
    cluster = snapshot()
    if isinstance(cluster, Unreachable):
        return Health("down", cluster.message)
    away = [broker.id for broker in cluster.brokers if not broker.alive or broker.id in cluster.unanswered]
    if away or cluster.under_replicated:
        return Health(
            "degraded",
            f"{len(away)} of {len(cluster.brokers)} brokers away, "
            f"{cluster.under_replicated} partitions with too few replicas in sync",
        )
    return Health("ready", f"{len(cluster.brokers)} brokers, all partitions in sync")


def check_spark() -> Health:
    states = query_states({})
    if not states:
        return Health("down", "No Spark query has run yet.")
    silent = [
        f"{each.query.name} {each.state}, seen {each.query.seen_at:%H:%M:%S}"
        for each in states
        if each.state != "alive"
    ]
    if silent:
        return Health("down", "; ".join(silent))
    return Health(
        "ready", ", ".join(f"{each.query.name} seen {each.query.seen_at:%H:%M:%S}" for each in states)
    )


def check_spool() -> Health:
    spool = waiting()
    age = spool.age.total_seconds()
    if age > SPOOL_SECONDS:
        return Health("degraded", f"{spool.records} records wait for Kafka, the oldest for {age:.0f} s")
    return Health("ready", f"{spool.records} records wait for Kafka")
