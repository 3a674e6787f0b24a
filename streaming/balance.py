"""Whether the ledger adds up: in the topic = processed + duplicate + rejected + waiting."""

import threading
from dataclasses import dataclass, replace
from typing import Final

from django.db import connection
from django.db.models import Max, Sum

from streaming.cluster import Offsets
from streaming.connection import UnansweredError
from streaming.models import Batch, Position, Query
from streaming.snapshots import read_ends


@dataclass(frozen=True, slots=True)
class Balance:
    """One query's account, in records. What only Kafka knows is None while it does not answer."""

    query: str
    processed: int
    duplicates: int
    rejected: int
    appended: int | None
    """Ever appended to the topics that it reads."""
    waiting: int | None

    @property
    def unaccounted(self) -> int | None:
        """0 when the ledger adds up."""
        if self.appended is None or self.waiting is None:
            return None
        return self.appended - self.processed - self.duplicates - self.rejected - self.waiting


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a query's batches up to the row `last`."""

    events: int = 0
    duplicates: int = 0
    rejected: int = 0
    last: int = 0


TRIES: Final = 20
"""Readings of the ledger, of a few milliseconds each, until no batch lands within one."""

_known: dict[tuple[str, str], Totals] = {}
_lock = threading.Lock()


def totals(query: str) -> Totals:
    """The sums over the whole ledger of `query`; only rows that came since the last call are read.

    A query's rows are written one at a time, with the query locked, so none appears below one already seen.
    """
    key = (str(connection.settings_dict["NAME"]), query)
    with _lock:
        known = _known.get(key, Totals())
        if known.last and not Batch.objects.filter(id=known.last).exists():
            known = Totals()  # the ledger was begun anew
        newer = Batch.objects.filter(query=query, id__gt=known.last).aggregate(
            events=Sum("events", default=0),
            duplicates=Sum("duplicates", default=0),
            rejected=Sum("rejected", default=0),
            last=Max("id", default=known.last),
        )
        known = Totals(
            events=known.events + newer["events"],
            duplicates=known.duplicates + newer["duplicates"],
            rejected=known.rejected + newer["rejected"],
            last=newer["last"],
        )
        _known[key] = known
        return known


def balances() -> list[Balance]:
    """The account of each query. The ledger is read before the log: nothing can seem applied early."""
    sums, positions = _read_ledger()
    accounts = [_account(query, of_query) for query, of_query in sums.items()]
    try:
        ends = read_ends({position.topic for position in positions})
    except UnansweredError:
        # The pages say so with the cluster's own message; here the two sums that need Kafka stay unknown.
        return accounts
    return [_complete(each, [p for p in positions if p.query_id == each.query], ends) for each in accounts]


def _read_ledger() -> tuple[dict[str, Totals], list[Position]]:
    """Sums and positions that belong together: a batch that lands between the reads is in one of them."""
    queries = list(Query.objects.order_by("name").values_list("name", flat=True))
    sums = {query: totals(query) for query in queries}
    for _ in range(TRIES):
        before, positions = sums, list(Position.objects.all())
        sums = {query: totals(query) for query in queries}
        if sums == before:
            break
    return sums, positions


def _account(query: str, sums: Totals) -> Balance:
    return Balance(
        query=query,
        processed=sums.events - sums.duplicates - sums.rejected,
        duplicates=sums.duplicates,
        rejected=sums.rejected,
        appended=None,
        waiting=None,
    )


def _complete(account: Balance, positions: list[Position], ends: Offsets) -> Balance:
    topics = {position.topic for position in positions}
    appended = sum(end for (topic, _), end in ends.items() if topic in topics)
    return replace(account, appended=appended, waiting=appended - sum(p.offset for p in positions))
