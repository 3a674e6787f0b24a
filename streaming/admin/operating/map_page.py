"""Which broker has what of which topic, as a map, and how unevenly."""

from typing import Any, Final

from django.urls import reverse

from recommendations.admin.cells import UNKNOWN, Cell, Table, Tile, badge, link, number, size
from recommendations.admin.pages import page_number
from streaming.admin.cluster_pages import Action, ClusterPage
from streaming.admin.unknown import UnknownError
from streaming.cluster import Broker, Cluster, Partition, Topic

ROWS: Final = 100
"""Of the map, on one page."""


class MapPage(ClusterPage):
    """Topics by brokers; with `topic`, its partitions by brokers."""

    template_name = "streaming/admin/map.html"
    refresh = 10

    def get_title(self) -> str:
        topic = self.request.GET.get("topic")
        return f"Partitions of {topic}" if topic else "Partition map"

    def actions(self) -> list[Action]:
        topic = self.request.GET.get("topic", "")
        return [
            Action(
                "Balance or move partitions",
                reverse("cluster:move") + (f"?topic={topic}" if topic else ""),
                "streaming.reassign_partition",
            )
        ]

    def tiles(self, cluster: Cluster) -> list[Tile]:
        brokers = [broker for broker in cluster.brokers if broker.alive]
        return [
            Tile("Leaders", skew([broker.leads for broker in brokers]), "skew: the busiest above the mean"),
            Tile("Replicas", skew([broker.holds for broker in brokers]), "skew: the fullest above the mean"),
            Tile("Bytes", skew([broker.size or 0 for broker in brokers]), "skew: the fullest above the mean"),
            Tile(
                "Not led by their first replica",
                number(sum(each.leader != each.replicas[0] for each in cluster.partitions)),
                "partitions",
            ),
        ]

    def tables(self, cluster: Cluster) -> list[dict[str, Any]]:
        name = self.request.GET.get("topic")
        brokers = cluster.brokers
        if not name:
            shown = self._paged(list(cluster.topics))
            rows = [topic_row(topic, brokers) for topic in shown]
            return [_titled("", Table(headers=("Topic", *map(_head, brokers)), rows=rows))]
        topic = cluster.topic(name)
        if topic is None:
            raise UnknownError(f"The cluster has no topic {name}.", reverse("cluster:map"))
        rows = [partition_row(each, brokers) for each in self._paged(list(topic.partitions))]
        return [_titled("", Table(headers=("Partition", "Size", *map(_head, brokers)), rows=rows))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.more = False
        context = super().get_context_data(**kwargs, topic=self.request.GET.get("topic", ""))
        page = page_number(self.request)
        topic = f"&topic={context['topic']}" if context["topic"] else ""
        return context | {
            "previous": f"?p={page - 1}{topic}" if page > 1 else "",
            "next": f"?p={page + 1}{topic}" if self.more else "",
            "page": page,
        }

    def _paged(self, rows: list[Any]) -> list[Any]:
        first = (page_number(self.request) - 1) * ROWS
        self.more = len(rows) > first + ROWS
        return rows[first : first + ROWS]


def topic_row(topic: Topic, brokers: tuple[Broker, ...]) -> tuple[Cell, ...]:
    cells: list[Cell] = [link(f"{reverse('cluster:map')}?topic={topic.name}", topic.name)]
    for broker in brokers:
        held = [each for each in topic.partitions if broker.id in each.replicas]
        behind = sum(broker.id not in each.in_sync for each in held)
        leads = sum(each.leader == broker.id for each in held)
        told = f"{leads} / {len(held)}"
        cells.append(
            UNKNOWN if not held else badge(f"{told}, {behind} behind", "warning") if behind else told
        )
    return tuple(cells)


def partition_row(partition: Partition, brokers: tuple[Broker, ...]) -> tuple[Cell, ...]:
    return (
        partition.number,
        size(partition.size),
        *(_place(partition, broker) for broker in brokers),
    )


def _place(partition: Partition, broker: Broker) -> Cell:
    if broker.id not in partition.replicas:
        return ""
    first = " ★" if partition.replicas[0] == broker.id else ""
    if broker.id not in partition.in_sync:
        return badge(f"behind{first}", "danger")
    if broker.id == partition.leader:
        return badge(f"leader{first}", "info")
    return badge(f"in sync{first}", "success")


def _head(broker: Broker) -> str:
    rack = f", {broker.rack}" if broker.rack else ""
    return f"Broker {broker.id}{rack}" if broker.alive else f"Broker {broker.id}, away"


def skew(values: list[int]) -> str:
    """How far the largest is above the mean."""
    mean = sum(values) / len(values) if values else 0
    return f"{max(values) / mean - 1:+.0%}" if mean else UNKNOWN


def _titled(title: str, table: Table) -> dict[str, Any]:
    return {"title": title, "table": table, "empty": "There is nothing to show."}
