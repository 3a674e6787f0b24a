"""What the ledger says of a query, and whether it says it of every offset once."""

from dataclasses import dataclass, field
from datetime import datetime

from streaming.jobs.fold import Connection


@dataclass
class Account:
    """The ledger's sums, and what is wrong with its offset ranges."""

    events: int
    duplicates: int
    rejected: int
    problems: list[str] = field(default_factory=list)


def hold(connection: Connection, query: str) -> None:
    """Keeps the query from committing a batch until the caller's transaction ends."""
    connection.execute("SELECT 1 FROM streaming_query WHERE name = %s FOR UPDATE", (query,))


def watermarks(connection: Connection, query: str, topic: str) -> dict[int, datetime | None]:
    """For each partition when its newest applied event was appended."""
    rows = connection.execute(
        "SELECT partition, appended_at FROM public.streaming_position WHERE query_id = %s AND topic = %s",
        (query, topic),
    )
    return {int(p): appended_at for p, appended_at in rows}


def account(connection: Connection, query: str, topic: str) -> Account:
    """Adds the ledger up and holds its ranges against the positions: from 0 on, without a gap. They cannot overlap."""
    sums = connection.execute(
        "SELECT coalesce(sum(events), 0)::bigint, coalesce(sum(duplicates), 0)::bigint,"
        " coalesce(sum(rejected), 0)::bigint FROM public.streaming_batch WHERE query_id = %s",
        (query,),
    ).fetchone()
    assert sums is not None
    applied = connection.execute(
        """
        SELECT p.partition, p."offset", range_agg(r.offsets)::text,
               range_agg(r.offsets) = int8multirange(int8range(0, p."offset"))
        FROM public.streaming_position p
        LEFT JOIN public.streaming_batchrange r USING (query_id, topic, partition)
        WHERE p.query_id = %s AND p.topic = %s AND p."offset" > 0
        GROUP BY p.partition, p."offset" ORDER BY p.partition
        """,
        (query, topic),
    )
    problems = [
        f"partition {partition} is applied up to {end}, but its batches hold {ranges or 'nothing of it'}"
        for partition, end, ranges, whole in applied
        if not whole
    ]
    return Account(int(sums[0]), int(sums[1]), int(sums[2]), problems)
