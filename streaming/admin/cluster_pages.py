"""The cluster as it is: its brokers, and what all pages drawn from the snapshot share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from recommendations.admin.cells import UNKNOWN, Cell, Table, Tile, badge, link, moment, number, size
from recommendations.admin.pages import AdminPage
from streaming.admin.operating.quorum import quorum_table
from streaming.cluster import Broker, Cluster, Unreachable
from streaming.snapshots import recent_snapshot


@dataclass(frozen=True, slots=True)
class Action:
    """A link to a page that changes something, for those who may."""

    title: str
    address: str
    permission: str
    is_danger: bool = False


class ClusterPage(AdminPage):
    """A page drawn from the snapshot; while there is none it says so, and goes on asking."""

    permission_required = "streaming.view_query"
    template_name = "streaming/admin/cluster.html"
    refresh = 5

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        cluster = recent_snapshot()
        if isinstance(cluster, Unreachable):
            return super().get_context_data(**kwargs, unreachable=cluster)
        return super().get_context_data(
            **kwargs,
            cluster=cluster,
            tiles=self.tiles(cluster),
            tables=self.tables(cluster),
            actions=[each for each in self.actions() if self.request.user.has_perm(each.permission)],
            unanswered=cluster.unanswered,
            taken_at=moment(cluster.taken_at),
        )

    def tiles(self, cluster: Cluster) -> list[Tile]:
        return []

    def actions(self) -> list[Action]:
        return []

    def tables(self, cluster: Cluster) -> list[dict[str, Any]]:
        """For each table its “title”, the “table” and what to say when it is “empty”."""
        raise NotImplementedError


class OverviewPage(ClusterPage):
    title = "Kafka cluster"

    def actions(self) -> list[Action]:
        return [
            Action("Balance or move partitions", reverse("cluster:move"), "streaming.reassign_partition"),
            Action("Elect preferred leaders", reverse("cluster:elect"), "streaming.elect_leader"),
            Action("Add a broker", reverse("cluster:add_broker"), "streaming.change_broker"),
        ]

    def tiles(self, cluster: Cluster) -> list[Tile]:
        alive = sum(broker.alive for broker in cluster.brokers)
        return [
            Tile(
                "Brokers",
                f"{alive} of {len(cluster.brokers)}",
                "up",
                "good" if alive == len(cluster.brokers) else "bad",
            ),
            Tile("Topics", number(len(cluster.topics)), f"{number(len(cluster.partitions))} partitions"),
            in_sync_tile(cluster),
            Tile(
                "On disk",
                size(_sum(broker.size for broker in cluster.brokers if broker.alive)),
                "all replicas",
            ),
        ]

    def tables(self, cluster: Cluster) -> list[dict[str, Any]]:
        headers = ("Broker", "State", "Address", "Rack", "Leads", "Holds", "On disk")
        rows = [self._row(broker, cluster) for broker in cluster.brokers]
        return [
            {"title": f"Brokers of {cluster.id}", "table": Table(headers=headers, rows=rows), "empty": ""},
            {
                "title": "Controllers, and brokers that follow their log",
                "table": quorum_table(),
                "empty": "The quorum did not answer: while it elects a leader, it cannot.",
            },
        ]

    def _row(self, broker: Broker, cluster: Cluster) -> Sequence[Cell]:
        if not broker.alive:
            state = badge("away", "danger")
        elif broker.id in cluster.unanswered:
            state = badge("not answering", "warning")
        else:
            state = badge("controller", "info") if broker.controls else badge("up", "success")
        return (
            link(reverse("cluster:broker", args=[broker.id]), str(broker.id)),
            state,
            broker.address,
            broker.rack or UNKNOWN,
            f"{number(broker.leads)} partitions",
            f"{number(broker.holds)} replicas",
            size(broker.size),
        )


def topic_link(name: str) -> Cell:
    return link(reverse("cluster:topic", args=[name]), name)


def group_link(group: str) -> Cell:
    return link(reverse("cluster:group", args=[group]), group)


def lag_cell(lag: int | None) -> Cell:
    return "not known" if lag is None else number(lag)


def in_sync_tile(cluster: Cluster) -> Tile:
    if cluster.under_replicated or cluster.leaderless:
        detail = f"{cluster.under_replicated} with too few replicas, {cluster.leaderless} without a leader"
        return Tile("Replicas", "not in sync", detail, "bad")
    return Tile("Replicas", "all in sync", f"{number(len(cluster.partitions))} partitions", "good")


def _sum(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)
