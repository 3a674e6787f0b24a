"""What is being moved: bytes, how long it will still take, and whether all is where it was planned."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone

from recommendations.admin.cells import UNKNOWN, Cell, Table, Tile, badge, link, number, size, span
from recommendations.admin.pages import AdminPage
from streaming.admin.cluster_pages import Action, ClusterPage
from streaming.changes import RefusedError
from streaming.cluster import Cluster, Unreachable
from streaming.connection import UnansweredError
from streaming.operating.layout import Layout
from streaming.operating.progress import Copy, Progress, layout_in, newest_move, progress


class MovesPage(ClusterPage):
    title = "Moving partitions"
    template_name = "streaming/admin/moves.html"
    refresh = 2

    def actions(self) -> list[Action]:
        permission = "streaming.reassign_partition"
        return [
            Action("Balance or move partitions", reverse("cluster:move"), permission),
            Action("Elect preferred leaders", reverse("cluster:elect"), "streaming.elect_leader"),
            Action("Cancel the move", reverse("cluster:cancel_move"), permission, is_danger=True),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        try:
            found = progress()
        except (RefusedError, UnansweredError) as error:
            return super().get_context_data(**kwargs, unreachable=Unreachable(str(error), timezone.now()))
        self.found = found
        move = newest_move()
        return super().get_context_data(
            **kwargs,
            found=found,
            percent=min(100, int(found.share * 100)),
            said=self._said(found),
            move=move,
            change=reverse("admin:streaming_change_change", args=[move.pk]) if move else "",
        )

    def tiles(self, cluster: Cluster) -> list[Tile]:
        found = self.found
        if not found.planned and not found.copies:
            return []
        left = found.remaining(timezone.now())
        return [
            Tile("Partitions on their way", number(len(found.copies)), "of all moves, whoever began them"),
            Tile("Copied", size(found.copied), f"of {size(found.whole)}"),
            Tile("Still to take", UNKNOWN if left is None else span(left), "at the rate until now"),
            Tile(
                "Where they were planned",
                f"{found.as_planned} of {found.planned}",
                self._throttle(found),
                "good" if found.as_planned == found.planned else "",
            ),
        ]

    def tables(self, cluster: Cluster) -> list[dict[str, Any]]:
        table = Table(
            headers=("Partition", "Gets a copy", "Gives it up", "Copied", "Of", ""),
            rows=[self._row(copy) for copy in self.found.copies[:200]],
        )
        return [{"title": "On their way", "table": table, "empty": "No partition is being moved."}]

    def _row(self, copy: Copy) -> tuple[Cell, ...]:
        topic, partition = copy.at
        percent = int(100 * copy.copied / copy.whole) if copy.whole else 0
        return (
            link(reverse("cluster:topic", args=[topic]), f"{topic}-{partition}"),
            ", ".join(map(str, copy.adding)) or UNKNOWN,
            ", ".join(map(str, copy.removing)) or UNKNOWN,
            size(copy.copied),
            size(copy.whole),
            badge(f"{percent}%", "info"),
        )

    def _said(self, found: Progress) -> str:
        if found.copies:
            return ""
        if not found.planned:
            return "No partition has been moved from here yet."
        if found.as_planned == found.planned:
            return "Verified: every partition of the newest move is where it was planned."
        return (
            f"{found.planned - found.as_planned} of {found.planned} partitions of the newest move are not where it"
            " planned them: it was cancelled, or they were moved again since."
        )

    def _throttle(self, found: Progress) -> str:
        if found.throttle is None:
            return "partitions; no throttle"
        return f"partitions; {'throttle lifted' if found.is_lifted else f'{size(found.throttle)}/s at most'}"


class MoveFilePage(AdminPage):
    """The newest move as `kafka-reassign-partitions --verify` takes it."""

    permission_required = "streaming.view_query"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        move = newest_move()
        return JsonResponse(as_file(layout_in(move.after) if move else {}))


def as_file(layout: Layout) -> dict[str, Any]:
    partitions = [
        {"topic": topic, "partition": partition, "replicas": list(replicas)}
        for (topic, partition), replicas in layout.items()
    ]
    return {"version": 1, "partitions": partitions}
