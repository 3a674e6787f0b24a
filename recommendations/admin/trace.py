"""From an event's place in the log to the batch that applied it."""

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from recommendations.admin.cells import Cell, link


def batch_link(topic: str, partition: int, offset: int) -> Cell:
    """The place, with a link to its batch where the ledger is installed."""
    place = f"{topic}-{partition}@{offset}"
    try:
        ledger = reverse("admin:streaming_batch_changelist")
    except NoReverseMatch:
        return place
    return link(f"{ledger}?{urlencode({'q': place})}", place)
