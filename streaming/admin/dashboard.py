"""The admin's first page: is it running, how fast, and does it add up."""

from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from recommendations.admin.cells import UNKNOWN, Tile, link, number, span
from recommendations.models import ChangedVisitor
from streaming.admin.alerts import firing
from streaming.admin.charts import OPTIONS, charts
from streaming.admin.cluster_pages import in_sync_tile, lag_cell
from streaming.admin.collected import spool_tile
from streaming.balance import totals
from streaming.cluster import Cluster, Unreachable
from streaming.freshness import measure_freshness
from streaming.metrics.measuring import FRESHNESS_WINDOW
from streaming.models import Batch
from streaming.queries import QueryState, query_states
from streaming.snapshots import snapshot


def add_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold calls this for the index page; returns the context with the tiles and charts in it."""
    if not request.user.has_perm("streaming.view_query"):
        return context
    cluster = snapshot()
    states = query_states(cluster.ends() if isinstance(cluster, Cluster) else {})
    return context | {
        "unreachable": cluster if isinstance(cluster, Unreachable) else None,
        "tiles": [
            *_alerts(),
            _processed(),
            _lag(states),
            _freshness(),
            *_totals(states),
            _in_sync(cluster),
            *(_query(state) for state in states),
            Tile("To be told", number(ChangedVisitor.objects.count()), "changed lists waiting for the relay"),
            spool_tile(),
        ],
        "charts": charts(),
        "chart_options": OPTIONS,
        "refresh": 5,
    }


def _alerts() -> list[Tile]:
    """Only while something is wrong."""
    number_firing = firing()
    detail = link(reverse("cluster:alerts"), "what is wrong, and since when")
    return [Tile("Alerts", number(number_firing), detail, "bad")] if number_firing else []


def _processed() -> Tile:
    since = timezone.now() - timedelta(minutes=1)
    batches = Batch.objects.filter(committed_at__gt=since)
    events = batches.aggregate(sum=Sum("events", default=0))["sum"]
    return Tile("Applied in the last minute", number(events), f"records in {batches.count()} batches")


def _lag(states: list[QueryState]) -> Tile:
    if not states:
        return Tile("Spark lag", UNKNOWN, "no query has run yet: start Spark with “make up”", "bad")
    lags = [state.lag for state in states]
    known = [lag for lag in lags if lag is not None]
    value = lag_cell(sum(known) if len(known) == len(lags) else None)
    return Tile("Spark lag", value, "events in the log that are not applied yet")


def _in_sync(cluster: Cluster | Unreachable) -> Tile:
    if isinstance(cluster, Unreachable):
        return Tile("Replicas", "not known", "Kafka does not answer", "bad")
    return in_sync_tile(cluster)


def _freshness() -> Tile:
    freshness = measure_freshness(FRESHNESS_WINDOW)
    if freshness is None:
        return Tile("Click to computed", UNKNOWN, "no product event in the last 5 minutes: browse the shop")
    return Tile(
        "Click to computed",
        f"{freshness.median:.2f} s",
        f"median of {number(freshness.events)} in 5 minutes; slowest hundredth {freshness.p99:.2f} s",
    )


def _totals(states: list[QueryState]) -> list[Tile]:
    sums = [totals(state.query.name) for state in states]
    return [
        Tile(
            "Duplicates",
            number(sum(each.duplicates for each in sums)),
            "sent again within 24 hours; not counted",
        ),
        Tile(
            "Rejected", number(sum(each.rejected for each in sums)), "records in the log that are no events"
        ),
    ]


def _query(state: QueryState) -> Tile:
    running = span(state.now - state.query.started_at)
    detail = f"running for {running}, seen {span(state.silent_for)} ago"
    return Tile(f"Query {state.query.name}", state.state, detail, "good" if state.state == "alive" else "bad")
