"""Who is producing: by topic and partition, as their leaders remember it."""

from typing import Any

from django.urls import reverse
from django.utils import timezone

from recommendations.admin.cells import UNKNOWN, Cell, Table, link, number, span
from streaming.admin.cluster_pages import ClusterPage
from streaming.changes import RefusedError
from streaming.cluster import Cluster
from streaming.connection import UnansweredError
from streaming.operating.brokers import Producing, producers

MOST = 1000
"""Partitions that are asked for at once; of one topic there are seldom more."""
SHOWN = 200


class ProducersPage(ClusterPage):
    title = "Producers"
    template_name = "streaming/admin/producers.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, topic=self.request.GET.get("topic", ""))

    def tables(self, cluster: Cluster) -> list[dict[str, Any]]:
        topic = self.request.GET.get("topic", "")
        asked = [
            (each.topic, each.number)
            for each in cluster.partitions
            if each.leader is not None and (each.topic == topic if topic else each.records)
        ]
        try:
            found = producers(asked[:MOST])
        except (RefusedError, UnansweredError) as error:
            return [{"title": "", "table": Table(headers=(), rows=[]), "empty": str(error)}]
        table = Table(
            headers=(
                "Topic",
                "Partition",
                "Producer",
                "Epoch",
                "Last sequence",
                "Last record",
                "Transaction",
            ),
            rows=[self._row(each) for each in found[:SHOWN]],
        )
        told = f"The newest {SHOWN} of {number(len(found))}." if len(found) > SHOWN else ""
        if len(asked) > MOST:
            told += f" {number(len(asked) - MOST)} partitions were not asked: choose a topic."
        return [{"title": told, "table": table, "empty": "No idempotent producer is remembered there."}]

    def _row(self, each: Producing) -> tuple[Cell, ...]:
        return (
            link(reverse("cluster:topic", args=[each.topic]), each.topic),
            each.partition,
            each.id,
            each.epoch,
            number(each.last_sequence),
            UNKNOWN if each.last_at is None else f"{span(timezone.now() - each.last_at)} ago",
            UNKNOWN if each.in_transaction_from is None else f"open since offset {each.in_transaction_from}",
        )
