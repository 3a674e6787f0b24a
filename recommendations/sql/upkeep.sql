-- Keeps what grows within its bound. Nothing that is deleted here could still change a fact.

DROP FUNCTION IF EXISTS recommendations_clean_up(jsonb);  -- its result had fewer columns once

-- `watermarks` tells for each partition when its newest applied event was appended: {"0": "2026-01-01T..."}. Later events
-- of a partition are appended later, so what is older than its window there can no longer be asked for.
CREATE OR REPLACE FUNCTION recommendations_clean_up(watermarks jsonb)
RETURNS TABLE (
    seen bigint, history bigint, persons bigint, lists bigint, hours bigint, minutes bigint, notices bigint
) LANGUAGE plpgsql AS $$
DECLARE
    memory interval := (SELECT p.memory FROM recommendations_parameters p);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('recommendations_fold'), hashtext(current_schema()));
    DELETE FROM recommendations_seenevent s USING jsonb_each_text(watermarks) w
    WHERE s.partition = w.key::int AND s.appended_at <= w.value::timestamptz - interval '24 hours';
    GET DIAGNOSTICS seen = ROW_COUNT;
    DELETE FROM recommendations_visitorevent h USING jsonb_each_text(watermarks) w
    WHERE h.partition = w.key::int AND h.appended_at <= w.value::timestamptz - memory;
    GET DIAGNOSTICS history = ROW_COUNT;
    -- A visitor who still has a history stays joined, however long ago they said who they are.
    DELETE FROM recommendations_visitorperson p USING jsonb_each_text(watermarks) w
    WHERE p.partition = w.key::int AND p.appended_at <= w.value::timestamptz - memory
        AND NOT EXISTS (SELECT FROM recommendations_visitorevent h WHERE h.visitor_id = p.visitor_id);
    GET DIAGNOSTICS persons = ROW_COUNT;
    DELETE FROM recommendations_visitororigin o USING jsonb_each_text(watermarks) w
    WHERE o.partition = w.key::int AND o.appended_at <= w.value::timestamptz - memory;
    -- An empty list stands in the place of one that an open page may still show.
    DELETE FROM recommendations_visitorlist l WHERE l.events = '[]' AND l.as_of < now() - interval '1 hour';
    GET DIAGNOSTICS lists = ROW_COUNT;
    IF history + persons > 0 THEN
        WITH alone AS MATERIALIZED (
            SELECT l.visitor_id FROM recommendations_visitorlist l
            WHERE NOT EXISTS (SELECT FROM recommendations_visitorevent h WHERE h.visitor_id = l.visitor_id)
        ), gone AS (
            DELETE FROM recommendations_visitorlist l USING alone
            WHERE l.visitor_id = alone.visitor_id AND l.events <> '[]' AND NOT EXISTS (
                SELECT FROM recommendations_joined_visitors(alone.visitor_id) joined
                JOIN recommendations_visitorevent h ON h.visitor_id = joined.visitor_id)
            RETURNING 1
        )
        SELECT lists + count(*) INTO lists FROM gone;
        DELETE FROM recommendations_waitingvisitor w
        WHERE NOT EXISTS (SELECT FROM recommendations_visitorevent h WHERE h.visitor_id = w.visitor_id);
    END IF;
    DELETE FROM recommendations_producthour h WHERE h.hour < now() - interval '14 days';
    GET DIAGNOSTICS hours = ROW_COUNT;
    DELETE FROM recommendations_originday d WHERE d.day < now() - interval '15 days';
    DELETE FROM recommendations_foldedminute m WHERE m.minute < now() - interval '14 days';
    GET DIAGNOSTICS minutes = ROW_COUNT;
    PERFORM recommendations_clean_up_lists(watermarks);
    -- An hour later no open page waits for this notice any more: it has asked by itself.
    DELETE FROM recommendations_changedvisitor c WHERE c.changed_at < now() - interval '1 hour';
    GET DIAGNOSTICS notices = ROW_COUNT;
    RETURN NEXT;
END $$;

-- Removes the pairs below the top `most` of each product and writes down what that took away.
CREATE OR REPLACE FUNCTION recommendations_prune_pairs(most int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    pruned bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('recommendations_fold'), hashtext(current_schema()));
    WITH ranked AS (
        SELECT product_id, other_id,
               row_number() OVER (PARTITION BY product_id ORDER BY positive - negative DESC, other_id) AS place
        FROM recommendations_pair
    ), deleted AS (
        DELETE FROM recommendations_pair p USING ranked r
        WHERE r.place > most AND p.product_id = r.product_id AND p.other_id = r.other_id
        RETURNING p.positive, p.negative
    ), counted AS (
        SELECT count(*) AS pairs, coalesce(sum(positive), 0) AS positive, coalesce(sum(negative), 0) AS negative
        FROM deleted
    ), noted AS (
        INSERT INTO recommendations_pruning (at, pairs, positive, negative)
        SELECT now(), pairs, positive, negative FROM counted WHERE pairs > 0
    )
    SELECT pairs INTO pruned FROM counted;
    RETURN pruned;
END $$;
