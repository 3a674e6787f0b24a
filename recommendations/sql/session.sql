-- The visitor's own newest events, composed into the list before Spark has folded them.
-- An event is given as {"eventId", "event", "topic", "partition", "offset", "occurredAt", "receivedAt", "appendedAt",
-- "productIds"}; several in the order of the log, each once.

SET LOCAL check_function_bodies = off;

-- Those that count for a list and are not folded, each with its weight; null where there are none. The fold's rule of
-- what is the same event again holds here too.
CREATE OR REPLACE FUNCTION recommendations_unfolded(visitor text, pending jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(e.event || jsonb_build_object('weight', coalesce(w.weight, other.weight)) ORDER BY e.place)
    FROM jsonb_array_elements(pending) WITH ORDINALITY AS e (event, place)
    LEFT JOIN recommendations_eventweight w ON w.event = e.event->>'event'
    LEFT JOIN recommendations_eventweight other ON other.event = '*'
    WHERE coalesce(w.weight, other.weight, 0) <> 0 AND NOT EXISTS (
        SELECT FROM recommendations_seenevent seen
        WHERE seen.key = md5(visitor || E'\x1f' || (e.event->>'eventId'))::uuid
            AND seen.appended_at > (e.event->>'appendedAt')::timestamptz - interval '24 hours')
$$;

-- Their rows as they will stand in the visitor's history: one for each product, after all that stand there.
CREATE OR REPLACE FUNCTION recommendations_pending_history(unfolded jsonb) RETURNS TABLE (
    "position" bigint, product_id text, event text, weight float8, event_id text, topic text, partition int,
    "offset" bigint, occurred_at timestamptz, received_at timestamptz, appended_at timestamptz
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT 9000000000000000000 + row_number() OVER (ORDER BY e.place, product.place), product.id,
           e."event", e."weight", e."eventId", e."topic", e."partition", e."offset",
           e."occurredAt", e."receivedAt", e."appendedAt"
    FROM ROWS FROM (jsonb_to_recordset(unfolded) AS (
        "event" text, "weight" float8, "eventId" text, "topic" text, "partition" int, "offset" bigint,
        "occurredAt" timestamptz, "receivedAt" timestamptz, "appendedAt" timestamptz, "productIds" text[]
    )) WITH ORDINALITY AS e (
        "event", "weight", "eventId", "topic", "partition", "offset", "occurredAt", "receivedAt", "appendedAt",
        "productIds", place)
    CROSS JOIN LATERAL unnest(e."productIds") WITH ORDINALITY AS product (id, place)
$$;

-- The visitor's list from the stored history and what is pending, in the shape of a stored one; no row where nothing is
-- pending any more. `waiting` are the ids of the events that were not folded.
CREATE OR REPLACE FUNCTION recommendations_session(visitor text, pending jsonb) RETURNS TABLE (
    version bigint, as_of timestamptz, items jsonb, events jsonb, seen text[], waiting text[]
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    unfolded jsonb := recommendations_unfolded(visitor, pending);
BEGIN
    IF unfolded IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT greatest(max(recommendations_version((event->>'appendedAt')::timestamptz)), recommendations_list_version(visitor)),
           clock_timestamp(), list.items, list.events, list.seen, array_agg(event->>'eventId')
    FROM jsonb_array_elements(unfolded) event, recommendations_list(visitor, NULL, unfolded) list
    GROUP BY list.items, list.events, list.seen;
END $$;

-- The same as the page is sent it: described, filled up and by the rules, as `asked` says; see serving.sql. It is kept for
-- whoever else asks: a version that was shown never falls.
CREATE OR REPLACE FUNCTION recommendations_session_list(visitor text, pending jsonb, asked jsonb)
RETURNS TABLE (content text, waiting text[]) LANGUAGE sql AS $$
    WITH composed AS MATERIALIZED (
        SELECT * FROM recommendations_session(visitor, pending)
    ), kept AS (
        INSERT INTO recommendations_sessionlist AS known (visitor_id, version, as_of, items, events, seen)
        SELECT visitor, composed.version, composed.as_of, composed.items, composed.events, composed.seen FROM composed
        ON CONFLICT (visitor_id) DO UPDATE
            SET version = excluded.version, as_of = excluded.as_of, items = excluded.items, events = excluded.events,
                seen = excluded.seen
            WHERE known.version <= excluded.version
    )
    SELECT recommendations_serve(asked || jsonb_build_object(
               'version', composed.version, 'asOf', composed.as_of,
               'items', composed.items, 'events', composed.events, 'seen', composed.seen)),
           composed.waiting
    FROM composed
$$;
