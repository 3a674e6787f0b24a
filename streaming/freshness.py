"""How long it takes from a visitor's click until the model knows of it.

The click counts from its receipt: when it occurred is what a browser says, whose clock may be wrong and whose events
may have waited for days to be sent.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection


@dataclass(frozen=True, slots=True)
class Freshness:
    """Seconds from `receivedAt` to the computation of the batch that folded the event."""

    events: int
    median: float
    p99: float


def measure_freshness(window: timedelta) -> Freshness | None:
    """Of the product events that were appended within `window`; None when there were none."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
                   percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds)
            FROM (
                SELECT extract(epoch FROM computed_at - received_at)::float8 AS seconds
                FROM recommendations_visitorevent WHERE appended_at > now() - make_interval(secs => %s)
            ) recent
            """,
            [window.total_seconds()],
        )
        row = cursor.fetchone()
    return Freshness(*row) if row and row[0] else None
