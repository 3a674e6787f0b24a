"""Topics: all of them, and one with its partitions and whoever reads it."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from recommendations.admin.cells import Cell, Table, Tile, badge, link, number, size
from recommendations.admin.pages import page_number
from streaming.admin.cluster_pages import Action, ClusterPage, group_link, lag_cell, topic_link
from streaming.admin.unknown import UnknownError
from streaming.cluster import Cluster, Partition, Topic
from streaming.queries import query_states

TOPICS_SHOWN: Final = 100
"""Of the list, on one page."""


class TopicsPage(ClusterPage):
    title = "Topics"
    template_name = "streaming/admin/topics.html"

    def actions(self) -> list[Action]:
        return [Action("Create a topic", reverse("cluster:create_topic"), "streaming.create_topic")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.search = self.request.GET.get("q", "").strip()
        self.page = page_number(self.request)
        self.more = False
        context = super().get_context_data(**kwargs, search=self.search, page=self.page)
        return context | {
            "previous": self._address(self.page - 1) if self.page > 1 else "",
            "next": self._address(self.page + 1) if self.more else "",
        }

    def tables(self, cluster: Cluster) -> list[dict[str, Any]]:
        headers = ("Topic", "State", "Partitions", "Replicas", "Records", "On disk")
        found = [topic for topic in cluster.topics if not topic.internal and self.search in topic.name]
        first = (self.page - 1) * TOPICS_SHOWN
        self.more = len(found) > first + TOPICS_SHOWN
        tables = [
            {
                "title": "",
                "table": Table(
                    headers=headers, rows=[self._row(each) for each in found[first : first + TOPICS_SHOWN]]
                ),
                "empty": f"No topic has “{self.search}” in its name."
                if self.search
                else "There are no topics yet: run “python manage.py create_topics”.",
            }
        ]
        if self.search or self.page > 1:
            return tables
        internal = [topic for topic in cluster.topics if topic.internal]
        own = {
            "title": "Kafka's own",
            "table": Table(headers=headers, rows=[self._row(topic) for topic in internal]),
            "empty": "None yet: Kafka makes them when the first group commits.",
        }
        return [*tables, own]

    def _address(self, page: int) -> str:
        return "?" + urlencode({"q": self.search, "p": page} if self.search else {"p": page})

    def _row(self, topic: Topic) -> Sequence[Cell]:
        return (
            topic_link(topic.name),
            _topic_state(topic),
            len(topic.partitions),
            topic.replication_factor,
            number(topic.records),
            size(topic.size),
        )


class TopicPage(ClusterPage):
    def get_title(self) -> str:
        return f"Topic {self.kwargs['name']}"

    def actions(self) -> list[Action]:
        def at(page: str) -> str:
            return reverse(f"cluster:{page}", args=[self.kwargs["name"]])

        return [
            Action("Messages", at("messages"), "streaming.view_query"),
            Action("Settings", at("topic_settings"), "streaming.change_topic"),
            Action("Add partitions", at("add_partitions"), "streaming.change_topic"),
            Action(
                "Move partitions",
                f"{reverse('cluster:move')}?topic={self.kwargs['name']}",
                "streaming.reassign_partition",
            ),
            Action("Delete records", at("truncate_topic"), "streaming.truncate_topic", is_danger=True),
            Action("Delete the topic", at("delete_topic"), "streaming.delete_topic", is_danger=True),
        ]

    def tiles(self, cluster: Cluster) -> list[Tile]:
        topic = self._topic(cluster)
        return [
            Tile("Records", number(topic.records), "from the earliest to the end"),
            Tile("On disk", size(topic.size), "of the leaders"),
            Tile(
                "Partitions",
                number(len(topic.partitions)),
                f"replication factor {topic.replication_factor}",
            ),
            Tile(
                "Too few in sync",
                number(topic.under_replicated),
                "partitions",
                "bad" if topic.under_replicated else "good",
            ),
        ]

    def tables(self, cluster: Cluster) -> list[dict[str, Any]]:
        topic = self._topic(cluster)
        partitions = Table(
            headers=("Partition", "Leader", "Replicas", "In sync", "Earliest", "Latest", "On disk"),
            rows=[_partition_row(partition) for partition in topic.partitions],
        )
        return [
            {"title": "Partitions", "table": partitions, "empty": ""},
            {
                "title": "Who reads it",
                "table": Table(headers=("Reader", "Kind", "Lag"), rows=self._readers(topic, cluster)),
                "empty": "Nobody reads it: no Spark query has a position in it and no group has committed.",
            },
        ]

    def _topic(self, cluster: Cluster) -> Topic:
        topic = cluster.topic(self.kwargs["name"])
        if topic is None:
            raise UnknownError(f"The cluster has no topic {self.kwargs['name']}.", reverse("cluster:topics"))
        return topic

    def _readers(self, topic: Topic, cluster: Cluster) -> list[Sequence[Cell]]:
        queries: list[Sequence[Cell]] = [
            (
                link(reverse("cluster:query", args=[state.query.name]), state.query.name),
                "Spark query",
                lag_cell(state.lag_in(topic.name)),
            )
            for state in query_states(cluster.ends())
            if any(position.topic == topic.name for position in state.positions)
        ]
        groups: list[Sequence[Cell]] = [
            (group_link(group.id), "Consumer group", lag_cell(group.lag_in(topic.name)))
            for group in cluster.groups
            if topic.name in group.topics
        ]
        return queries + groups


def _topic_state(topic: Topic) -> Cell:
    if any(partition.leader is None for partition in topic.partitions):
        return badge("no leader", "danger")
    return badge("too few in sync", "warning") if topic.under_replicated else badge("in sync", "success")


def _partition_row(partition: Partition) -> Sequence[Cell]:
    missing = set(partition.replicas) - set(partition.in_sync)
    in_sync = ", ".join(map(str, partition.in_sync))
    return (
        partition.number,
        badge("none", "danger") if partition.leader is None else f"broker {partition.leader}",
        ", ".join(map(str, partition.replicas)),
        badge(f"{in_sync}, without {', '.join(map(str, sorted(missing)))}", "warning")
        if missing
        else in_sync,
        number(partition.earliest),
        number(partition.latest),
        size(partition.size),
    )
