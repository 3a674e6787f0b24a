"""The model itself, learning a history in a schema of its own: by the live fold and the live scoring, without Kafka."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from streaming.evaluation.history import History
from streaming.evaluation.judgement import PLAYED
from streaming.evaluation.sessions import Products
from streaming.jobs.fold import Connection, fold, open_fold
from streaming.rebuild.tables import ASIDE, MODEL, SETTINGS, USE

SCHEMA: Final = "evaluation"
OWN: Final = ("recommendations_rankedproduct", "recommendations_judgedhour")
"""What is read and written here besides a model's tables."""
JUDGED: Final = f"{PLAYED}evaluate"
LEARN_STEP: Final = 5000
POPULAR: Final = 300
COPY: Final = """
    COPY batch_event (partition, "offset", appended_at, visitor_id, event_id, event, occurred_at, received_at,
                      product_ids, source) FROM STDIN
"""


class TrialRunsError(Exception):
    """There is one schema, and somebody else evaluates in it."""


class Trial:
    """On a connection whose search path finds its tables before the live ones. Events are appended when they happen."""

    def __init__(self, connection: Connection, history: History) -> None:
        self.connection = connection
        self.names = history
        """Whose numbers stand for visitors, products and events."""
        self.batches = 0
        self.events = 0

    def create(self) -> None:
        """Empty tables with the live parameters; what an evaluation that was killed left is dropped.

        Raises TrialRunsError.
        """
        execute = self.connection.execute
        if execute("SELECT pg_try_advisory_lock(hashtext(%s))", (SCHEMA,)).fetchone() != (True,):
            raise TrialRunsError("Another evaluation runs against this database: wait until it has ended.")
        execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        execute(f"CREATE SCHEMA {SCHEMA}")
        for table in (*MODEL, *USE, *ASIDE, *OWN):
            execute(f"CREATE TABLE {SCHEMA}.{table} (LIKE public.{table} INCLUDING ALL)")
        for table in SETTINGS:
            execute(f"INSERT INTO {SCHEMA}.{table} SELECT * FROM public.{table}")  # noqa: S608
        execute(f"SET search_path = {SCHEMA}, public")
        execute("SET TimeZone = 'UTC'")
        open_fold(self.connection)
        execute("CREATE TEMP TABLE question (number int PRIMARY KEY, products text[] NOT NULL)")

    def drop(self) -> None:
        self.connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")

    def learn(self, history: History, *, step: int = LEARN_STEP, judge: bool = False) -> Iterator[int]:
        """Folds it in the order of time, `step` events at once; yields how many after each step.

        With `judge` each event is predicted before it is learned: see `judged`.
        """
        rows = self._rows(history)
        while some := list(islice(rows, step)):
            with self.connection.transaction():
                with self.connection.cursor() as cursor, cursor.copy(COPY) as copy:
                    for row in some:
                        copy.write_row(row)
                fold(self.connection, self.batches, "evaluation", derive_lists=False, judge=judge)
            self.batches += 1
            yield len(some)

    def derive(self, moment: datetime) -> None:
        """Stores every product's similar ones and the popular list, as of a moment: what `suggest` reads."""
        with self.connection.transaction():
            self.connection.execute(
                "SELECT recommendations_derive_similar(array_agg(product_id), %s) FROM recommendations_productcount",
                (moment,),
            )
            self.connection.execute("SELECT recommendations_refresh_ranked(%s, %s)", (moment, POPULAR))
        self.connection.execute("ANALYZE recommendations_similarproducts")

    def suggest(self, asked: Sequence[Products], most: int) -> list[list[int]]:
        """The lists for those who have seen these, newest first; best first."""
        return [list(islice(scores, most)) for scores in self.scores(asked)]

    def scores(self, asked: Sequence[Products]) -> list[dict[int, float]]:
        """What the model suggests with its scores, best first."""
        names, numbers = self.names.products.names, self.names.products.numbers
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute("TRUNCATE question")
            with cursor.copy("COPY question FROM STDIN") as copy:
                for number, seen in enumerate(asked):
                    copy.write_row((number, [names[product] for product in seen]))
            rows: list[tuple[Any, ...]] = cursor.execute(
                """
                SELECT q.number, s.product_id, s.score
                FROM question q CROSS JOIN LATERAL recommendations_score(q.products) s
                ORDER BY q.number, s.score DESC, s.product_id
                """
            ).fetchall()
        found: list[dict[int, float]] = [{} for _ in asked]
        for number, product, score in rows:
            found[number][numbers[product]] = score
        return found

    def judged(self) -> dict[str, float]:
        """The sums of what was predicted, by column of `JudgedHour`."""
        cursor = self.connection.execute(
            "SELECT coalesce(sum(events), 0)::float8 AS events, coalesce(sum(hits_10), 0)::float8 AS hits_10,"
            " coalesce(sum(hits_20), 0)::float8 AS hits_20, coalesce(sum(reciprocal), 0) AS reciprocal"
            " FROM recommendations_judgedhour WHERE source = %s",
            (JUDGED,),
        )
        row = cursor.fetchone()
        assert row is not None
        return dict(zip((column.name for column in cursor.description or ()), row, strict=True))

    def _rows(self, history: History) -> Iterator[tuple[Any, ...]]:
        """Rows of COPY: all in one partition, in the order of time."""
        for row in history:
            at = datetime.fromtimestamp(row.milliseconds / 1000, UTC)
            self.events += 1
            number = self.events
            yield 0, number, at, row.visitor, str(number), row.event, at, at, [row.product], JUDGED
