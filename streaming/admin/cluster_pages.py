"""The cluster as it is: brokers, topics, partitions and the groups that read them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from recommendations.admin.cells import UNKNOWN, Cell, Table, Tile, badge, link, moment, number, size
from recommendations.admin.pages import AdminPage, page_number
from streaming.admin.operating.quorum import quorum_table
from streaming.admin.unknown import UnknownError
from streaming.cluster import Broker, Cluster, Partition, Topic, Unreachable
from streaming.queries import query_states
from streaming.snapshots import recent_snapshot


@dataclass(frozen=True, slots=True)
class Action:
    """A link to a page that changes something, for those who may."""

    title: str
    address: str
    permission: str
    is_danger: bool = False


TOPICS_SHOWN: Final = 100
"""Of the list of topics, on one page."""


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


def _sum(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)
