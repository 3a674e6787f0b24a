"""Keeps the ledger's size bounded: batches of an hour become one row, and no sum or offset range is lost."""

from datetime import datetime

from django.db import connection, transaction

MERGE = """
    DROP TABLE IF EXISTS merging, merged_range;
    CREATE TEMP TABLE merging ON COMMIT DROP AS
    SELECT id, kept FROM (
        SELECT id, max(id) OVER hour AS kept, count(*) OVER hour AS batches
        FROM streaming_batch WHERE committed_at < %(before)s
        WINDOW hour AS (PARTITION BY query_id, checkpoint, date_trunc('hour', committed_at))
    ) grouped WHERE batches > 1;

    CREATE TEMP TABLE merged_range ON COMMIT DROP AS
    SELECT m.kept, r.query_id, r.topic, r.partition, unnest(range_agg(r.offsets)) AS offsets
    FROM streaming_batchrange r JOIN merging m ON m.id = r.batch_id
    GROUP BY m.kept, r.query_id, r.topic, r.partition;
    DELETE FROM streaming_batchrange r USING merging m WHERE r.batch_id = m.id;
    INSERT INTO streaming_batchrange (batch_id, query_id, topic, partition, offsets)
    SELECT kept, query_id, topic, partition, offsets FROM merged_range;

    UPDATE streaming_rejectedrecord r SET batch_id = m.kept FROM merging m WHERE r.batch_id = m.id AND m.id <> m.kept;
    UPDATE streaming_batch b SET
        batches = s.batches, events = s.events, duplicates = s.duplicates, rejected = s.rejected,
        visitors = s.visitors, first_appended_at = s.first_appended_at, last_appended_at = s.last_appended_at,
        started_at = s.started_at
    FROM (
        SELECT m.kept, sum(batches) AS batches, sum(events) AS events, sum(duplicates) AS duplicates,
               sum(rejected) AS rejected, sum(visitors) AS visitors, min(first_appended_at) AS first_appended_at,
               max(last_appended_at) AS last_appended_at, min(started_at) AS started_at
        FROM streaming_batch b JOIN merging m USING (id) GROUP BY m.kept
    ) s WHERE b.id = s.kept;
    DELETE FROM streaming_batch b USING merging m WHERE b.id = m.id AND m.id <> m.kept;
"""


def merge_batches(before: datetime) -> int:
    """Merges the batches that were committed before a moment, by hour and run; returns how many rows that saved."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM streaming_batch WHERE committed_at < %s", [before])
        rows = cursor.fetchone()[0]
        for statement in MERGE.split(";\n"):
            if statement.strip():
                cursor.execute(statement, {"before": before} if "%(" in statement else None)
        cursor.execute("SELECT count(*) FROM streaming_batch WHERE committed_at < %s", [before])
        saved: int = rows - cursor.fetchone()[0]
    return saved
