"""All consumer groups, and one of them: who is in it, how far behind it is, and how far behind it was."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone

from recommendations.admin.cells import UNKNOWN, Cell, Table, Tile, badge, code, number, span
from streaming.admin.charts import OPTIONS, Chart
from streaming.admin.cluster_pages import Action, ClusterPage, group_link, lag_cell, topic_link
from streaming.admin.unknown import UnknownError
from streaming.cluster import Cluster
from streaming.groups import ConsumerGroup, PartitionLag
from streaming.metrics import definitions as metrics
from streaming.metrics.series import RANGES, Range, series
from streaming.models import Sample
from streaming.waits import Waits, lag_seconds, wait_of, waiting_since

SAMPLED_WITHIN: Final = timedelta(seconds=30)
DEFAULT: Final = "15m"
TONES: Final = {"Stable": "success", "Empty": "default", "Dead": "danger"}


class GroupsPage(ClusterPage):
    title = "Consumer groups"

    def tables(self, cluster: Cluster) -> list[dict[str, Any]]:
        headers = ("Group", "State", "Members", "Topics", "Lag", "Oldest waits", "Coordinator")
        waits = sampled_waits()
        return [
            {
                "title": "",
                "table": Table(headers=headers, rows=[self._row(group, waits) for group in cluster.groups]),
                "empty": "No consumer group yet: the push process makes one when it runs (“make status”). "
                "Spark makes none, its offsets stand in the ledger.",
            }
        ]

    def _row(self, group: ConsumerGroup, waits: dict[str, float]) -> Sequence[Cell]:
        return (
            group_link(group.id),
            state_badge(group),
            len(group.members),
            ", ".join(group.topics),
            lag_cell(group.lag),
            seconds(0.0 if group.lag == 0 else waits.get(group.id)),
            f"broker {group.coordinator}",
        )


class GroupPage(ClusterPage):
    template_name = "streaming/admin/group.html"

    def get_title(self) -> str:
        return f"Group {self.kwargs['group']}"

    def actions(self) -> list[Action]:
        def at(page: str) -> str:
            return reverse(f"cluster:{page}", args=[self.kwargs["group"]])

        return [
            Action("Reset offsets", at("reset_offsets"), "streaming.reset_offsets"),
            Action("Delete the group", at("delete_group"), "streaming.delete_group", is_danger=True),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET.get("range", "")
        name = asked if asked in RANGES else DEFAULT
        return super().get_context_data(
            **kwargs,
            charts=_charts(self.kwargs["group"], RANGES[name]),
            chosen=RANGES[name],
            chart_options=OPTIONS,
            ranges=[(each, of.words, each == name) for each, of in RANGES.items()],
        )

    def tiles(self, cluster: Cluster) -> list[Tile]:
        group = self._group(cluster)
        waits = self._waits(group)
        waiting = lag_seconds(group.partitions, waits, cluster.taken_at)
        return [
            Tile("State", state_badge(group), f"coordinated by broker {group.coordinator}"),
            Tile("Members", number(len(group.members)), f"of {number(len(group.partitions))} partitions"),
            Tile("Lag", lag_cell(group.lag), "messages that it has not committed"),
            Tile("Oldest waits", seconds(waiting), "since it was appended, by its own time"),
        ]

    def tables(self, cluster: Cluster) -> list[dict[str, Any]]:
        group = self._group(cluster)
        waits = self._waits(group)
        readers = {at: member.client_id for member in group.members for at in member.assigned}
        return [
            {
                "title": "Partitions",
                "table": Table(
                    headers=("Topic", "Partition", "Read by", "Committed", "End", "Lag", "Oldest waits"),
                    rows=[
                        _partition_row(each, readers, wait_of(each, waits, cluster.taken_at))
                        for each in group.partitions
                    ],
                ),
                "empty": "The group reads no partition now and has committed nothing.",
            },
            {
                "title": "Members",
                "table": Table(
                    headers=("Client", "Member", "Host", "Partitions"),
                    rows=[
                        (each.client_id, code(each.member_id), each.host, _assigned(each.assigned))
                        for each in group.members
                    ],
                ),
                "empty": "Nobody: every member has left.",
            },
        ]

    def _group(self, cluster: Cluster) -> ConsumerGroup:
        group = next((each for each in cluster.groups if each.id == self.kwargs["group"]), None)
        if group is None:
            raise UnknownError(
                f"The cluster knows no consumer group {self.kwargs['group']}.", reverse("cluster:groups")
            )
        return group

    def _waits(self, group: ConsumerGroup) -> Waits:
        """Read once for a page."""
        if not hasattr(self, "_read_waits"):
            self._read_waits = waiting_since(group.partitions)
        return self._read_waits


def sampled_waits() -> dict[str, float]:
    """Of each group the newest sample: reading the messages of all of them would take too long for a page."""
    since = timezone.now() - SAMPLED_WITHIN
    samples = Sample.objects.filter(metric=metrics.GROUP_WAIT.name, at__gt=since).order_by("at")
    return dict(samples.values_list("label", "value"))


def seconds(value: float | None) -> Cell:
    return UNKNOWN if value is None else span(timedelta(seconds=value))


def state_badge(group: ConsumerGroup) -> Cell:
    return badge(group.state, TONES.get(group.state, "warning"))


def _partition_row(
    partition: PartitionLag, readers: dict[tuple[str, int], str], waiting: float | None
) -> Sequence[Cell]:
    return (
        topic_link(partition.topic),
        partition.partition,
        readers.get((partition.topic, partition.partition), UNKNOWN),
        "nothing yet" if partition.committed is None else number(partition.committed),
        number(partition.end),
        lag_cell(partition.lag),
        seconds(waiting),
    )


def _assigned(places: Sequence[tuple[str, int]]) -> str:
    """By topic, its partitions in order."""
    topics: dict[str, list[int]] = {}
    for topic, partition in places:
        topics.setdefault(topic, []).append(partition)
    return "; ".join(
        f"{topic}: {', '.join(map(str, sorted(partitions)))}" for topic, partitions in sorted(topics.items())
    )


def _charts(group: str, of: Range) -> list[Chart]:
    found = series([metrics.GROUP_LAG, metrics.GROUP_WAIT], of, timezone.now())

    def chart(title: str, metric: metrics.Metric) -> Chart:
        line: dict[datetime, float] = dict(found.get(metric.name, {}).get(group, {}))
        return Chart(metric.name, title, metric.help, {group: line} if line else {}, of.clock)

    return [chart("Lag, messages", metrics.GROUP_LAG), chart("Lag, seconds", metrics.GROUP_WAIT)]
