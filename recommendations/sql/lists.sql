-- The lists derived from the facts: of what a batch touched at once, or as much of it as the caller has patience for. Then
-- the rest waits: a product's similar ones keep what was stored until a later batch has time for them, the longest waiting
-- first; a visitor's list is composed by whoever reads it until the visitor's next event.

SET LOCAL check_function_bodies = off;  -- they read temporary tables, which are there only once a fold is open

-- Derives the similar products of these.
CREATE OR REPLACE FUNCTION recommendations_derive_similar(products text[], moment timestamptz)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO recommendations_similarproducts AS known (product_id, as_of, other_ids, scores)
    SELECT given.product_id, moment, coalesce(list.other_ids, '{}'), coalesce(list.scores, '{}')
    FROM unnest(products) AS given (product_id) CROSS JOIN LATERAL (
        SELECT array_agg(other_id) AS other_ids, array_agg(score) AS scores
        FROM recommendations_similar(given.product_id, moment)  -- in order
    ) list
    ORDER BY given.product_id
    ON CONFLICT (product_id) DO UPDATE
        SET as_of = excluded.as_of, other_ids = excluded.other_ids, scores = excluded.scores
$$;

-- Derives the lists of these visitors of touched_visitor.
CREATE OR REPLACE FUNCTION recommendations_derive_visitors(visitors text[], moment timestamptz)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO recommendations_visitorlist AS known (visitor_id, version, as_of, items, events, seen)
    SELECT t.visitor_id, t.version, moment, list.items, list.events, list.seen
    FROM touched_visitor t CROSS JOIN LATERAL recommendations_list(t.visitor_id) list
    WHERE t.visitor_id = ANY (visitors)
        -- An empty list is stored only in the place of another: an open page shows that one.
        AND (list.events <> '[]'
             OR (SELECT true FROM recommendations_visitorlist stored WHERE stored.visitor_id = t.visitor_id))
    ORDER BY t.visitor_id
    ON CONFLICT (visitor_id) DO UPDATE
        SET version = greatest(known.version, excluded.version), as_of = excluded.as_of,
            items = excluded.items, events = excluded.events, seen = excluded.seen;

    DELETE FROM recommendations_waitingvisitor w WHERE w.visitor_id = ANY (visitors);
    DELETE FROM recommendations_sessionlist s WHERE s.visitor_id = ANY (visitors);
$$;

-- The version of the visitor's list as Spark knows it, stored or waiting to be derived; null where there is none.
CREATE OR REPLACE FUNCTION recommendations_folded_version(visitor text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT greatest(
        (SELECT version FROM recommendations_visitorlist l WHERE l.visitor_id = visitor),
        (SELECT version FROM recommendations_waitingvisitor w WHERE w.visitor_id = visitor))
$$;

-- The same with what the visitor's open page was sent before Spark knew it.
CREATE OR REPLACE FUNCTION recommendations_list_version(visitor text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT greatest(
        recommendations_folded_version(visitor),
        (SELECT version FROM recommendations_sessionlist s WHERE s.visitor_id = visitor))
$$;

-- The visitor's list: what the open page was sent, until Spark knows as much; else as it is stored, or composed now where it
-- waits to be derived; no row where there is none of them.
CREATE OR REPLACE FUNCTION recommendations_stored_list(visitor text)
RETURNS TABLE (version bigint, as_of timestamptz, items jsonb, events jsonb, seen text[]) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT s.version, s.as_of, s.items, s.events, s.seen::text[] FROM recommendations_sessionlist s
    WHERE s.visitor_id = visitor AND s.version > coalesce(recommendations_folded_version(visitor), 0);
    IF FOUND THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT w.version, statement_timestamp(), list.items, list.events, list.seen
    FROM recommendations_waitingvisitor w CROSS JOIN LATERAL recommendations_list(w.visitor_id) list
    WHERE w.visitor_id = visitor;
    IF NOT FOUND THEN
        RETURN QUERY SELECT l.version, l.as_of, l.items, l.events, l.seen::text[]
        FROM recommendations_visitorlist l WHERE l.visitor_id = visitor;
    END IF;
END $$;

-- Derives the products that wait until the time has come, the longest waiting first, never derived ones before all.
-- Returns how many it derived.
CREATE OR REPLACE FUNCTION recommendations_derive_waiting(until timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    longest text[];
    derived bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('recommendations_fold'), hashtext(current_schema()));
    WHILE clock_timestamp() < until LOOP
        WITH first AS MATERIALIZED (
            SELECT product_id FROM recommendations_waitingproduct ORDER BY since LIMIT 50
        ), taken AS (
            DELETE FROM recommendations_waitingproduct w USING first WHERE w.product_id = first.product_id
            RETURNING w.product_id
        )
        SELECT array_agg(product_id) INTO longest FROM taken;
        EXIT WHEN longest IS NULL;
        PERFORM recommendations_derive_similar(longest, clock_timestamp());
        derived := derived + cardinality(longest);
    END LOOP;
    RETURN derived;
END $$;

-- Derives the lists of what the batch touched, and writes down which visitors are to be told. Without `patience` all of
-- them; with it until so much time has passed: products first, since visitors' lists are made of them.
DROP FUNCTION IF EXISTS recommendations_derive_lists(timestamptz);
CREATE OR REPLACE FUNCTION recommendations_derive_lists(moment timestamptz, patience interval DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := coalesce(moment + patience, 'infinity');
    waiting text[];
BEGIN
    IF (SELECT count(*) FROM touched_product) <= 200 AND NOT EXISTS (SELECT FROM recommendations_waitingproduct) THEN
        PERFORM recommendations_derive_similar(ARRAY(SELECT product_id FROM touched_product), moment);
    ELSE
        INSERT INTO recommendations_waitingproduct (product_id, since)
        SELECT t.product_id, CASE WHEN s.product_id IS NULL THEN '-infinity' ELSE moment END
        FROM touched_product t LEFT JOIN recommendations_similarproducts s USING (product_id)
        ORDER BY t.product_id
        ON CONFLICT (product_id) DO NOTHING;
        PERFORM recommendations_derive_waiting(coalesce(moment + patience / 2, 'infinity'));
    END IF;

    -- Who was erased, and who shares a history with somebody in the batch, cannot wait.
    PERFORM recommendations_derive_visitors(ARRAY(
        SELECT visitor_id FROM touched_visitor WHERE first_position IS NULL
        UNION SELECT visitor_id FROM erased_visitor), moment);
    waiting := ARRAY(
        SELECT visitor_id FROM touched_visitor t
        WHERE first_position IS NOT NULL AND NOT EXISTS (SELECT FROM erased_visitor e WHERE e.visitor_id = t.visitor_id)
        ORDER BY version DESC, visitor_id);
    WHILE cardinality(waiting) > 0 AND clock_timestamp() < until LOOP
        PERFORM recommendations_derive_visitors(waiting[:50], moment);
        waiting := waiting[51:];
    END LOOP;
    INSERT INTO recommendations_waitingvisitor AS known (visitor_id, version)
    SELECT t.visitor_id, greatest(t.version, l.version)
    FROM touched_visitor t LEFT JOIN recommendations_visitorlist l USING (visitor_id)
    WHERE t.visitor_id = ANY (waiting) ORDER BY t.visitor_id
    ON CONFLICT (visitor_id) DO UPDATE SET version = greatest(known.version, excluded.version);

    INSERT INTO recommendations_changedvisitor (visitor_id, version)
    SELECT t.visitor_id, coalesce(w.version, l.version)
    FROM touched_visitor t
    LEFT JOIN recommendations_waitingvisitor w USING (visitor_id)
    LEFT JOIN recommendations_visitorlist l USING (visitor_id)
    WHERE w.version IS NOT NULL OR l.version IS NOT NULL
    ORDER BY t.visitor_id;
    NOTIFY recommendations_changed;
END $$;
