"""What pruning costs in quality: YooChoose's clicks day by day, pruned each night, and the next click asked for.

`python -m bench.pruning` with DATABASE_URL set; its figures stand in docs/decisions.md.
"""

import csv
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
TRAIN, TEST = (FOLDER / f"yoochoose-clicks-100k_{part}.txt" for part in ("train_full", "test"))
CAPS = (None, 200, 50, 20, 10)
ONE_END = """
    DELETE FROM recommendations_pair p USING (
        SELECT product_id, other_id, row_number() OVER (
                   PARTITION BY product_id ORDER BY positive - negative DESC, other_id) AS place
        FROM recommendations_pair
    ) r WHERE r.place > %s AND p.product_id = r.product_id AND p.other_id = r.other_id
"""
BOTH_ENDS = "SELECT recommendations_prune_pairs(%s)"
Click = tuple[str, str, datetime]


def clicks(path: Path) -> list[Click]:
    with path.open() as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        read = [(r["SessionId"], r["ItemId"], datetime.fromtimestamp(float(r["Time"]), UTC)) for r in rows]
    return sorted(read, key=lambda click: click[2])


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    print("rule, pairs kept, HR@20, MRR@20")
    for rule in (BOTH_ENDS, ONE_END):
        for cap in CAPS if rule is BOTH_ENDS else CAPS[1:]:
            pairs, hits, reciprocal = measure(rule, cap)
            name = (
                "unpruned" if cap is None else f"top {cap} of {'either' if rule is BOTH_ENDS else 'one'} end"
            )
            print(f"{name}: {pairs:,}, {hits:.4f}, {reciprocal:.4f}", flush=True)


def measure(rule: str, cap: int | None) -> tuple[int, float, float]:
    from streaming.jobs.fold import copy_events, fold, open_fold
    from streaming.rebuild.putting_aside import settle
    from streaming.rebuild.shadow import connect
    from streaming.rebuild.tables import create_tables, drop_tables, use

    schema = "bench_pruning"
    with connect() as connection:
        drop_tables(connection, schema)
        create_tables(connection, schema, use=False)
        settle(connection, schema)
        use(connection, schema)
        connection.execute("UPDATE recommendations_parameters SET landmark = '2014-04-01'")
        open_fold(connection)
        train = clicks(TRAIN)
        offset = 0
        for _, day in groupby(train, key=lambda click: click[2].date()):
            with connection.transaction():
                rows = []
                for session, item, at in day:
                    offset += 1
                    event = ("Product Viewed", at, at, [item], None, None, False, None, None, None)
                    rows.append((0, offset, at, session, f"e{offset}", *event))
                copy_events(connection, rows)
                fold(connection, 0, "bench", derive_lists=False)
            if cap is not None:
                connection.execute(rule, (cap,))
        end = train[-1][2]
        connection.execute("ANALYZE recommendations_pair")
        for first in ranges(
            connection.execute("SELECT product_id FROM recommendations_productcount").fetchall()
        ):
            connection.execute("SELECT recommendations_derive_similar(%s, %s)", (first, end))
        hits = asked = 0
        reciprocal = 0.0
        sessions = groupby(sorted(clicks(TEST), key=lambda c: (c[0], c[2])), key=lambda c: c[0])
        for _, visit in sessions:
            seen: list[str] = []
            for _, item, _ in visit:
                if seen and item not in seen:
                    asked += 1
                    newest = list(dict.fromkeys(reversed(seen)))
                    found = connection.execute(
                        "SELECT product_id FROM recommendations_score(%s) LIMIT 20", (newest,)
                    ).fetchall()
                    places = [product for (product,) in found]
                    if item in places:
                        hits += 1
                        reciprocal += 1 / (places.index(item) + 1)
                seen.append(item)
        (pairs,) = connection.execute("SELECT count(*) FROM recommendations_pair").fetchone() or (0,)
        connection.execute("SET search_path TO public")
        drop_tables(connection, schema)
    return int(pairs), hits / asked, reciprocal / asked


def ranges(rows: list[tuple[str]]) -> Iterator[list[str]]:
    for first in range(0, len(rows), 1000):
        yield [product for (product,) in rows[first : first + 1000]]


if __name__ == "__main__":
    main()
