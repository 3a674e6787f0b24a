"""Whether the live model and its shadow are equal: the same rows, and weights within 1e-9 relative."""

from dataclasses import dataclass

from streaming.jobs.fold import Connection
from streaming.rebuild.tables import SUMS

TOLERANCE = 1e-9
NOTHING = 1e-140
"""Weights below are of events hundreds of half-lives before the landmark: how these fade depends on when it moved."""
WEIGHED = {
    "pairs": ("recommendations_pair", "true"),
    "basket pairs": ("recommendations_basketpair", "true"),
    "counts": ("recommendations_productcount", "true"),
    "rhythms": ("recommendations_productrhythm", "true"),
    "hours": ("recommendations_producthour", "hour > now() - interval '13 days'"),
    "lists": (
        "recommendations_listhour",
        # Which lists stand by themselves in an hour with too many of them is decided by who came first.
        "hour > now() - interval '89 days'"
        " AND hour NOT IN (SELECT hour FROM public.recommendations_listhour WHERE list_id = '(other)')",
    ),
    "experiments": ("recommendations_exposurehour", "true"),
}
EXACT = {
    "histories": (
        "recommendations_visitorevent",
        # Counted from the newest: positions begin anew where clean-up has taken all that a visitor had.
        "visitor_id, max(position) OVER (PARTITION BY visitor_id) - position AS place, product_id, event, "
        'weight, event_id, topic, partition, "offset", occurred_at, received_at, appended_at',
        "appended_at > (SELECT p.appended_at FROM public.streaming_position p WHERE p.topic = "
        "recommendations_visitorevent.topic AND p.partition = recommendations_visitorevent.partition "
        "AND p.query_id = 'activity') - (SELECT memory FROM public.recommendations_parameters)",
    ),
    "persons": (
        "recommendations_visitorperson",
        'visitor_id, person_id, partition, "offset", appended_at',
        "appended_at > (SELECT max(p.appended_at) FROM public.streaming_position p WHERE p.partition ="
        " recommendations_visitorperson.partition AND p.query_id = 'activity')"
        " - (SELECT memory FROM public.recommendations_parameters)",
    ),
    "purchases": (
        "recommendations_purchase",
        "visitor_id, product_id, times, first_at, last_at",
        "true",
    ),
    "visitors of lists": (
        "recommendations_listvisitor",
        "visitor_id, list_id, last_seen_at",
        "last_seen_at > now() - interval '89 days'"
        " AND NOT EXISTS (SELECT FROM public.recommendations_listhour WHERE list_id = '(other)')",
    ),
    "clicks in lists": (
        "recommendations_listclick",
        'visitor_id, product_id, list_id, position, occurred_at, partition, "offset", appended_at',
        "appended_at > (SELECT max(p.appended_at) FROM public.streaming_position p WHERE p.partition ="
        " recommendations_listclick.partition AND p.query_id = 'activity')"
        " - (SELECT attribution FROM public.recommendations_parameters)",
    ),
    "visitors of experiments": (
        "recommendations_exposure",
        'visitor_id, experiment_id, arm_id, clicked, converted, partition, "offset", appended_at',
        "experiment_id IN (SELECT id FROM public.recommendations_experiment WHERE stops_at IS NULL OR stops_at >"
        " (SELECT max(appended_at) FROM public.streaming_position WHERE query_id = 'activity') - interval '1 day')",
    ),
    "ids seen": (
        "recommendations_seenevent",
        "key, partition, appended_at",
        "appended_at > (SELECT max(p.appended_at) FROM public.streaming_position p WHERE p.partition ="
        " recommendations_seenevent.partition AND p.query_id = 'activity') - interval '24 hours'",
    ),
}


@dataclass(frozen=True)
class Difference:
    """One kind of fact: how many rows each side has, how many are not equal, and an example of those."""

    name: str
    live: int
    rebuilt: int
    unequal: int
    example: str = ""


def compare(connection: Connection, schema: str) -> list[Difference]:
    """Compares every kind of fact with the live one, both as of one snapshot: the caller's transaction has it."""
    return [
        *(_compare_weights(connection, schema, name, *spec) for name, spec in WEIGHED.items()),
        *(_compare_rows(connection, schema, name, *spec) for name, spec in EXACT.items()),
    ]


@dataclass(frozen=True)
class Pruned:
    """What pruning took from the live pairs, and whether that and nothing else is what they lack."""

    pairs: int
    weight: float
    missing: float
    """Weight that the rebuilt pairs have and the live ones do not."""
    surplus: int
    """Live pairs that weigh more than the rebuilt ones: pruning cannot explain those."""

    @property
    def explains(self) -> bool:
        return not self.surplus and abs(self.missing - self.weight) <= TOLERANCE * max(
            self.missing, self.weight
        )


def pruned(connection: Connection, schema: str) -> Pruned:
    """Compares what the live pairs lack with what pruning wrote down."""
    row = connection.execute(
        f"""
        SELECT (SELECT coalesce(sum(pairs), 0)::bigint FROM public.recommendations_pruning),
               (SELECT coalesce(sum(positive + negative), 0) FROM public.recommendations_pruning),
               coalesce(sum(r.positive + r.negative), 0) - coalesce(sum(l.positive + l.negative), 0),
               count(*) FILTER (WHERE r.product_id IS NULL OR l.positive > r.positive * (1 + {TOLERANCE})
                                OR l.negative > r.negative * (1 + {TOLERANCE}))
        FROM public.recommendations_pair l FULL JOIN {schema}.recommendations_pair r USING (product_id, other_id)
        """
    ).fetchone()
    assert row is not None
    return Pruned(int(row[0]), float(row[1]), float(row[2]), int(row[3]))


def _compare_weights(
    connection: Connection, schema: str, name: str, table: str, condition: str
) -> Difference:
    keys, weights = SUMS[table]
    on = ", ".join(keys)
    far = " OR ".join(
        f"l.{w} IS NULL OR r.{w} IS NULL OR abs(l.{w} - r.{w}) > {TOLERANCE} * greatest(abs(l.{w}), abs(r.{w}))"
        f" AND greatest(abs(l.{w}), abs(r.{w})) > {NOTHING}"
        for w in weights
    )
    key = " || ' ' || ".join(f"{k}::text" for k in keys)
    values = " || ' ' || ".join(
        f"coalesce(l.{w}::text, '-') || ' / ' || coalesce(r.{w}::text, '-')" for w in weights
    )
    return _difference(
        connection,
        name,
        f"""
        SELECT (SELECT count(*) FROM public.{table}), (SELECT count(*) FROM {schema}.{table}), count(*),
               min({key} || ': ' || {values})
        FROM public.{table} l FULL JOIN {schema}.{table} r USING ({on}) WHERE ({far}) AND {condition}
        """,
    )


def _compare_rows(
    connection: Connection, schema: str, name: str, table: str, columns: str, condition: str
) -> Difference:
    live = f"SELECT {columns} FROM public.{table} WHERE {condition}"
    rebuilt = f"SELECT {columns} FROM {schema}.{table} WHERE {condition}"
    return _difference(
        connection,
        name,
        f"""
        SELECT (SELECT count(*) FROM ({live}) l), (SELECT count(*) FROM ({rebuilt}) r), count(*), min(unequal::text)
        FROM ((({live}) EXCEPT ({rebuilt})) UNION ALL (({rebuilt}) EXCEPT ({live}))) unequal
        """,
    )


def _difference(connection: Connection, name: str, query: str) -> Difference:
    row = connection.execute(query).fetchone()
    assert row is not None
    return Difference(name, int(row[0]), int(row[1]), int(row[2]), str(row[3] or ""))
