"""What a fold writes belongs to a second model too: else a rebuild would write into the live tables."""

import re
from pathlib import Path

import recommendations
from streaming.rebuild.tables import ASIDE, FACTS, MODEL, SUMS, USE
from tests.conftest import Connection

WRITTEN = re.compile(r"(?:INSERT INTO|DELETE FROM|UPDATE|TRUNCATE) (recommendations_\w+)")
BY_OTHERS = {"recommendations_rankedproduct", "recommendations_judgedhour"}
"""Written by tasks and by the judge, of which no rebuild runs any."""


def test_every_table_that_a_fold_writes_is_a_models_own() -> None:
    sql = Path(recommendations.__file__).parent / "sql"
    written = {table for path in sql.glob("*.sql") for table in WRITTEN.findall(path.read_text())}
    assert len(written) > 10
    assert written - BY_OTHERS <= {*MODEL, *USE, *ASIDE}, (
        "add it to FACTS, USE or ASIDE of streaming/rebuild/tables.py"
    )


def test_every_fact_is_one_visitors_or_a_sum(model: Connection) -> None:
    """Several lanes fold at once: what is neither would be written by two of them."""
    of_visitors = model.execute(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'visitor_id'"
    ).fetchall()
    one_visitors = {table for (table,) in of_visitors} | {
        "recommendations_seenevent"
    }  # whose key has the visitor
    assert {*FACTS, *USE} - one_visitors == set(SUMS), "add it to SUMS of streaming/rebuild/tables.py"


def test_no_function_and_no_view_hangs_on_a_table_of_the_model(model: Connection) -> None:
    """They would go on with the old table once another has taken its place: a body in quotes finds it by its name."""
    hanging = model.execute(
        """
        SELECT DISTINCT d.classid::regclass::text, d.objid FROM pg_depend d
        JOIN pg_class held ON held.relname = ANY (%s) AND held.relnamespace = 'public'::regnamespace
        WHERE (d.classid = 'pg_proc'::regclass OR d.classid = 'pg_rewrite'::regclass)
            AND d.refobjid IN (held.oid, held.reltype)
        """,
        ([*MODEL, *USE],),
    )
    assert hanging.fetchall() == []
