"""The Spark queries: alive or not, how far, how far behind, and what they did last."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from recommendations.admin.cells import Cell, Table, Tile, badge, link, milliseconds, moment, number, span
from recommendations.admin.pages import AdminPage
from streaming.admin.cluster_pages import lag_cell, topic_link
from streaming.admin.unknown import UnknownError
from streaming.cluster import Cluster, Unreachable
from streaming.models import Batch
from streaming.queries import PositionLag, QueryState, query_states
from streaming.snapshots import snapshot

TONES = {"alive": "success", "silent": "warning", "failed": "danger"}


class QueriesPage(AdminPage):
    title = "Spark queries"
    permission_required = "streaming.view_query"
    template_name = "streaming/admin/queries.html"
    refresh = 5

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        cluster = snapshot()
        states = query_states(cluster.ends() if isinstance(cluster, Cluster) else {})
        table = Table(
            headers=("Query", "State", "Lag", "Last seen", "Running since", "Driver"),
            rows=[self._row(state) for state in states],
        )
        return super().get_context_data(
            **kwargs, table=table, unreachable=cluster if isinstance(cluster, Unreachable) else None
        )

    def _row(self, state: QueryState) -> Sequence[Cell]:
        return (
            link(reverse("cluster:query", args=[state.query.name]), state.query.name),
            state_badge(state),
            lag_cell(state.lag),
            f"{span(state.silent_for)} ago",
            moment(state.query.started_at),
            f"{state.query.host}, pid {state.query.pid}",
        )


class QueryPage(AdminPage):
    permission_required = "streaming.view_query"
    template_name = "streaming/admin/query.html"
    refresh = 5

    def get_title(self) -> str:
        return f"Spark query {self.kwargs['name']}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        cluster = snapshot()
        states = query_states(cluster.ends() if isinstance(cluster, Cluster) else {})
        state = next((each for each in states if each.query.name == self.kwargs["name"]), None)
        if state is None:
            raise UnknownError(
                f"No Spark query {self.kwargs['name']} has ever run.", reverse("cluster:queries")
            )
        batches = Batch.objects.filter(query=state.query).order_by("-id")[:20]
        return super().get_context_data(
            **kwargs,
            unreachable=cluster if isinstance(cluster, Unreachable) else None,
            state=state,
            tiles=self._tiles(state),
            positions=Table(
                headers=("Topic", "Partition", "Next offset", "End", "Lag", "Newest event appended"),
                rows=[self._position(each) for each in state.positions],
            ),
            batches=Table(
                headers=("Batch", "Committed", "Events", "Duplicates", "Rejected", "Visitors", "Took"),
                rows=[self._batch(batch) for batch in batches],
            ),
        )

    def _tiles(self, state: QueryState) -> list[Tile]:
        return [
            Tile("State", state_badge(state), f"seen {span(state.silent_for)} ago"),
            Tile("Lag", lag_cell(state.lag), "events not applied yet"),
            Tile(
                "Running since", moment(state.query.started_at), f"{state.query.host}, pid {state.query.pid}"
            ),
            Tile("Run", state.query.checkpoint[:12], "an older run's batches are refused"),
        ]

    def _position(self, position: PositionLag) -> Sequence[Cell]:
        return (
            topic_link(position.topic),
            position.partition,
            number(position.offset),
            number(position.end),
            lag_cell(position.lag),
            moment(position.appended_at),
        )

    def _batch(self, batch: Batch) -> Sequence[Cell]:
        return (
            link(reverse("admin:streaming_batch_change", args=[batch.id]), number(batch.batch_id)),
            moment(batch.committed_at),
            number(batch.events),
            number(batch.duplicates),
            number(batch.rejected),
            number(batch.visitors),
            milliseconds((batch.committed_at - batch.started_at).total_seconds() * 1000),
        )


def state_badge(state: QueryState) -> Cell:
    return badge(state.state, TONES[state.state])
