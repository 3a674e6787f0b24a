-- What the fold made of the events, by the minute in which they were appended: for the charts beside the collector's counts.

SET LOCAL check_function_bodies = off;  -- it reads a temporary table, which is there only once a fold is open

-- Adds the batch to its minutes. Of one source's minute so many names stand by themselves, and the rest under one: a
-- sender could think of a new one for each event.
CREATE OR REPLACE FUNCTION recommendations_count_minutes() RETURNS void LANGUAGE sql AS $$
    WITH counted AS (
        SELECT date_trunc('minute', appended_at, 'UTC') AS minute, coalesce(source, '') AS source, event,
               count(*) AS events,
               count(*) FILTER (WHERE NOT fresh) AS duplicates,
               count(*) FILTER (WHERE fresh AND left_out) AS left_out
        FROM ordered_event WHERE event_id IS NOT NULL GROUP BY 1, 2, 3
    ), known_names AS MATERIALIZED (
        SELECT minute, source, (
                   SELECT count(*) FROM recommendations_foldedminute m
                   WHERE m.minute = batch.minute AND m.source = batch.source
               ) AS names
        FROM (SELECT DISTINCT minute, source FROM counted) batch
    ), named AS (
        SELECT c.minute, c.source, c.events, c.duplicates, c.left_out,
               CASE WHEN k.names + row_number() OVER (PARTITION BY c.minute, c.source ORDER BY c.event) <= 100
                         OR (SELECT true FROM recommendations_foldedminute m WHERE m.minute = c.minute
                             AND m.source = c.source AND m.event = c.event)
                    THEN c.event ELSE '(other)' END AS event
        FROM counted c JOIN known_names k USING (minute, source)
    )
    INSERT INTO recommendations_foldedminute AS known (minute, source, event, events, duplicates, left_out)
    SELECT minute, source, event, sum(events), sum(duplicates), sum(left_out)
    FROM named GROUP BY minute, source, event ORDER BY minute, source, event
    ON CONFLICT (minute, source, event) DO UPDATE
        SET events = known.events + excluded.events, duplicates = known.duplicates + excluded.duplicates,
            left_out = known.left_out + excluded.left_out;

    INSERT INTO recommendations_receivedminute AS known (minute, events)
    SELECT date_trunc('minute', received_at, 'UTC') AS minute, count(*)
    FROM ordered_event WHERE event_id IS NOT NULL GROUP BY 1 ORDER BY 1
    ON CONFLICT (minute) DO UPDATE SET events = known.events + excluded.events
$$;
