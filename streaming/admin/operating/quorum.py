"""The controllers' quorum as a table."""

from django.utils import timezone

from recommendations.admin.cells import UNKNOWN, Cell, Table, badge, number, span
from streaming.changes import RefusedError
from streaming.connection import UnansweredError
from streaming.operating.brokers import Node, quorum

TONES = {"leader": "info", "follower": "success", "observer": "default"}


def quorum_table() -> Table:
    """Without rows while the quorum does not answer."""
    headers = ("Node", "Role", "Log end", "Lag, records", "Caught up")
    try:
        nodes = quorum()
    except (RefusedError, UnansweredError):
        nodes = []
    return Table(headers=headers, rows=[_row(node) for node in nodes])


def _row(node: Node) -> tuple[Cell, ...]:
    ago = UNKNOWN if node.caught_up_at is None else f"{span(timezone.now() - node.caught_up_at)} ago"
    return (node.id, badge(node.role, TONES[node.role]), number(node.end), number(node.lag), ago)
