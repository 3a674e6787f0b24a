"""Lists of a whole model, derived from its facts in steps, so that progress shows and no transaction takes long."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from streaming.jobs.fold import Connection

PRODUCTS: Final = 500
VISITORS: Final = 1000


def derive_similar_products(connection: Connection, share: int = 0, shares: int = 1) -> Iterator[int]:
    """Derives the similar products of one of so many shares of those that have none yet; yields each step's number."""
    last = ""
    while True:
        row = connection.execute(
            """
            WITH step AS MATERIALIZED (
                SELECT product_id FROM recommendations_productcount c
                WHERE product_id > %s AND abs(hashtext(product_id) %% %s) = %s AND NOT EXISTS (
                    SELECT FROM recommendations_similarproducts s WHERE s.product_id = c.product_id)
                ORDER BY product_id LIMIT %s
            )
            SELECT count(*), max(product_id), recommendations_derive_similar(array_agg(product_id), clock_timestamp())
            FROM step
            """,
            (last, shares, share, PRODUCTS),
        ).fetchone()
        assert row is not None
        if not row[0]:
            return
        last = row[1]
        yield row[0]


def derive_similar_at_once(connections: Sequence[Connection], advance: Callable[[int], None]) -> None:
    """Derives those of all products, each connection its share; `advance` is told of each step's number."""

    def derive(share: int) -> None:
        for done in derive_similar_products(connections[share], share, len(connections)):
            advance(done)

    with ThreadPoolExecutor(len(connections), "similar") as threads:
        list(threads.map(derive, range(len(connections))))


def derive_visitor_lists(connection: Connection, quiet: timedelta) -> Iterator[int]:
    """Derives the visitors' lists, none older than the live one; yields after each step how many it took.

    The list of whoever was quiet for so long waits: it is composed when somebody asks for it.
    """
    last = ""
    while True:
        row = connection.execute(
            """
            WITH RECURSIVE visitor AS (
                (SELECT visitor_id FROM recommendations_visitorevent WHERE visitor_id > %(last)s
                 ORDER BY visitor_id LIMIT 1)
                UNION ALL
                SELECT following.visitor_id FROM visitor CROSS JOIN LATERAL (
                    SELECT visitor_id FROM recommendations_visitorevent h WHERE h.visitor_id > visitor.visitor_id
                    ORDER BY h.visitor_id LIMIT 1
                ) following
            ), step AS MATERIALIZED (
                SELECT visitor_id FROM visitor LIMIT %(most)s
            ), joined AS (  -- a list may come from another browser of the same person alone
                SELECT p.visitor_id FROM step
                CROSS JOIN LATERAL recommendations_joined_visitors(step.visitor_id) p
            ), due AS MATERIALIZED (
                SELECT v.visitor_id, greatest(newest.version, live.version, waiting.version) AS version,
                       newest.occurred_at < now() - %(quiet)s AS is_quiet
                FROM (SELECT DISTINCT visitor_id FROM joined) v
                CROSS JOIN LATERAL (
                    SELECT coalesce(recommendations_version(max(h.appended_at)), 0) AS version,
                           max(h.occurred_at) AS occurred_at
                    FROM recommendations_joined_visitors(v.visitor_id) same
                    JOIN recommendations_visitorevent h ON h.visitor_id = same.visitor_id
                ) newest
                LEFT JOIN public.recommendations_visitorlist live ON live.visitor_id = v.visitor_id
                LEFT JOIN public.recommendations_waitingvisitor waiting ON waiting.visitor_id = v.visitor_id
                WHERE NOT EXISTS (
                    SELECT FROM recommendations_visitorlist done WHERE done.visitor_id = v.visitor_id)
            ), waits AS (
                INSERT INTO recommendations_waitingvisitor (visitor_id, version)
                SELECT visitor_id, version FROM due WHERE is_quiet ORDER BY visitor_id
                ON CONFLICT (visitor_id) DO NOTHING
            ), listed AS (
                INSERT INTO recommendations_visitorlist (visitor_id, version, as_of, items, events, seen)
                SELECT due.visitor_id, due.version, clock_timestamp(), list.items, list.events, list.seen
                FROM due CROSS JOIN LATERAL recommendations_list(due.visitor_id) list
                WHERE NOT due.is_quiet AND list.events <> '[]' ORDER BY due.visitor_id
                ON CONFLICT (visitor_id) DO NOTHING
            )
            SELECT count(*), max(visitor_id) FROM step
            """,
            {"last": last, "most": VISITORS, "quiet": quiet},
        ).fetchone()
        assert row is not None
        if not row[0]:
            return
        last = row[1]
        yield row[0]


def keep_empty_lists(connection: Connection) -> None:
    """An erased visitor's list stands empty for an hour, in the place of the one that an open page may still show."""
    connection.execute(
        "INSERT INTO recommendations_visitorlist SELECT * FROM public.recommendations_visitorlist"
        " WHERE events = '[]' ON CONFLICT (visitor_id) DO NOTHING"
    )


def keep_traces(connection: Connection, window: timedelta) -> None:
    """What was appended within the window says which batch of Spark folded it and when, as the live history does."""
    connection.execute(
        """
        UPDATE recommendations_visitorevent own SET batch_id = live.batch_id, computed_at = live.computed_at
        FROM public.recommendations_visitorevent live
        WHERE live.appended_at > now() - %s AND own.batch_id < 0
            AND live.partition = ANY (ARRAY(
                SELECT partition FROM public.streaming_position WHERE query_id = 'activity'))
            AND own.visitor_id = live.visitor_id AND own.topic = live.topic AND own.partition = live.partition
            AND own."offset" = live."offset" AND own.product_id = live.product_id
        """,
        (window,),
    )
