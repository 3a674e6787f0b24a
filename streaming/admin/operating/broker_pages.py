"""One broker: what it leads and holds, its disk by topic and folder, and how it is set."""

from collections import Counter
from typing import Any

from django.urls import reverse
from kafka.errors import for_code

from recommendations.admin.cells import UNKNOWN, Cell, Table, Tile, badge, code, link, number, size
from streaming.admin.cluster_pages import Action, ClusterPage
from streaming.admin.operating.setting_pages import TOLD
from streaming.admin.unknown import UnknownError
from streaming.changes import RefusedError
from streaming.cluster import Broker, Cluster
from streaming.connection import UnansweredError
from streaming.operating.brokers import Folder, folders
from streaming.operating.settings import Setting, Source, broker_resource, read_settings

SHOWN = 50
"""Topics with the most on the broker's disk."""


class BrokerPage(ClusterPage):
    refresh = 10

    def get_title(self) -> str:
        return f"Broker {self.kwargs['broker']}"

    def actions(self) -> list[Action]:
        number = self.kwargs["broker"]
        return [
            Action("Settings", reverse("cluster:broker_settings", args=[number]), "streaming.change_broker"),
            Action(
                "Move everything off it",
                f"{reverse('cluster:move')}?without={number}",
                "streaming.reassign_partition",
            ),
            Action(
                "Take it out of the cluster",
                reverse("cluster:remove_broker", args=[number]),
                "streaming.change_broker",
                is_danger=True,
            ),
        ]

    def tiles(self, cluster: Cluster) -> list[Tile]:
        broker = self._broker(cluster)
        partitions = len(cluster.partitions)
        return [
            Tile("State", self._state(broker, cluster), broker.address, "good" if broker.alive else "bad"),
            Tile("Leads", number(broker.leads), f"of {number(partitions)} partitions"),
            Tile("Holds", number(broker.holds), "replicas"),
            Tile("On disk", size(broker.size), f"rack {broker.rack}" if broker.rack else "no rack"),
        ]

    def tables(self, cluster: Cluster) -> list[dict[str, Any]]:
        broker = self._broker(cluster)
        if not broker.alive:
            return []
        try:
            held, settings = folders(broker.id), read_settings(broker_resource(broker.id))
        except (RefusedError, UnansweredError) as error:
            return [
                {"title": "Its disk and settings", "table": Table(headers=(), rows=[]), "empty": str(error)}
            ]
        return [
            {"title": "Log dirs", "table": folders_table(held), "empty": "It has none."},
            {"title": "Disk by topic", "table": topics_table(held), "empty": "It holds nothing."},
            {
                "title": "What is set on it",
                "table": settings_table(settings),
                "empty": "All is as by default.",
            },
        ]

    def _broker(self, cluster: Cluster) -> Broker:
        found = next((each for each in cluster.brokers if each.id == self.kwargs["broker"]), None)
        if found is None:
            raise UnknownError(
                f"The cluster has no broker {self.kwargs['broker']}.", reverse("cluster:overview")
            )
        return found

    def _state(self, broker: Broker, cluster: Cluster) -> str:
        if not broker.alive:
            return "away"
        if broker.id in cluster.unanswered:
            return "not answering"
        return "up, the controller" if broker.controls else "up"


def folders_table(held: list[Folder]) -> Table:
    return Table(
        headers=("Folder", "State", "Replicas", "On disk", "Free", "Of"),
        rows=[
            (
                code(each.path),
                badge("online", "success")
                if not each.error
                else badge(for_code(each.error).__name__, "danger"),
                number(each.replicas),
                size(sum(each.sizes.values())),
                size(each.usable),
                size(each.total),
            )
            for each in held
        ],
    )


def topics_table(held: list[Folder]) -> Table:
    sizes: Counter[str] = Counter()
    for folder in held:
        sizes.update(folder.sizes)
    whole = sum(sizes.values())
    return Table(
        headers=("Topic", "On this broker", "Share"),
        rows=[
            (
                link(reverse("cluster:topic", args=[topic]), topic),
                size(octets),
                f"{octets / whole:.1%}" if whole else UNKNOWN,
            )
            for topic, octets in sizes.most_common(SHOWN)
        ],
    )


def settings_table(settings: dict[str, Setting]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            code(each.name),
            "kept secret" if each.value is None else code(each.value),
            TOLD[each.source],
            each.default or UNKNOWN,
        )
        for each in settings.values()
        if each.source is not Source.DEFAULT
    ]
    return Table(headers=("Setting", "Value", "From", "Default"), rows=rows)
