"""How far behind its work each part of the product is, and of what it last failed, in words."""

from typing import Final

from django.conf import settings
from django.db import DatabaseError

from recommendations.models import ChangedVisitor
from recommendations.session.notices import GROUP
from streaming.cluster import Cluster, Unreachable
from streaming.health import check_postgres
from streaming.queries import query_states
from streaming.snapshots import snapshot
from streaming.topics import topic_name
from tracking.events import ACTIVITY

QUERY: Final = "activity"
"""The Spark query that the part `spark` runs."""


def lags() -> dict[str, str]:
    """Of each part that works off what others left for it.

    It asks the ledger and the brokers, not the part: so it knows of one that is dead or hangs, too.
    """
    cluster = snapshot()
    return _of_the_ledger(cluster) | {"push": _of_push(cluster)}


def _of_the_ledger(cluster: Cluster | Unreachable) -> dict[str, str]:
    postgres = check_postgres()
    if postgres.state != "ready":
        return dict.fromkeys(("spark", "relay"), _unknown(postgres.detail))
    try:
        return {"spark": _of_spark(cluster), "relay": f"lag {ChangedVisitor.objects.count()} changed lists"}
    except DatabaseError as error:  # before the first migration
        return dict.fromkeys(("spark", "relay"), _unknown(str(error)))


def _of_spark(cluster: Cluster | Unreachable) -> str:
    ends = {} if isinstance(cluster, Unreachable) else cluster.ends()
    state = next((each for each in query_states(ends) if each.query.name == QUERY), None)
    if isinstance(cluster, Unreachable):
        lag = _unknown(cluster.message)
    elif state and state.positions:
        lag = _unknown("a broker is away") if state.lag is None else f"lag {state.lag} records"
    else:
        # It has applied nothing yet, and will begin where the log begins.
        lag = f"lag {sum(end for at, end in ends.items() if at[0] == topic_name(ACTIVITY))} records"
    return f"{lag}; last error: {_first_line(state.query.error)}" if state and state.query.error else lag


def _of_push(cluster: Cluster | Unreachable) -> str:
    if isinstance(cluster, Unreachable):
        return _unknown(cluster.message)
    name = settings.KAFKA_TOPIC_PREFIX + GROUP
    group = next((each for each in cluster.groups if each.id == name), None)
    if group is None or group.lag is None:
        return _unknown("a broker is away" if cluster.unanswered else f"Kafka knows no group {name} yet")
    return f"lag {group.lag} notices"


def _unknown(why: str) -> str:
    return f"lag not known: {_first_line(why)}"


def _first_line(text: str) -> str:
    return text.splitlines()[0]
