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
    DELETE FROM recommendations_sessionlist s WHERE s.as_of < now() - interval '1 hour';
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
    DELETE FROM recommendations_receivedminute m WHERE m.minute < now() - interval '14 days';
    DELETE FROM recommendations_foldedminute m WHERE m.minute < now() - interval '14 days';
    GET DIAGNOSTICS minutes = ROW_COUNT;
    PERFORM recommendations_clean_up_lists(watermarks);
    -- An hour later no open page waits for this notice any more: it has asked by itself.
    DELETE FROM recommendations_changedvisitor c WHERE c.changed_at < now() - interval '1 hour';
    GET DIAGNOSTICS notices = ROW_COUNT;
    RETURN NEXT;
END $$;

-- Removes each pair that is among the top `most` of neither of its products, in both directions, and writes down what that
-- took away. A product's pairs are ranked as its similar products are; a new product's pairs are few, so that they stay,
-- however many its neighbours have. docs/decisions.md has what this rule costs.
CREATE OR REPLACE FUNCTION recommendations_prune_pairs(most int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    pruned bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('recommendations_fold'), hashtext(current_schema()));
    WITH crowded AS MATERIALIZED (
        SELECT product_id FROM recommendations_pair GROUP BY product_id HAVING count(*) > most
    ), ranked AS MATERIALIZED (
        SELECT pair.product_id, pair.other_id,
               row_number() OVER (
                   PARTITION BY pair.product_id
                   ORDER BY (pair.positive - pair.negative)
                            / recommendations_damped(coalesce(other.positive, 0), grown.times, p.smoothing, p.other_damping)
                            DESC,
                            pair.other_id
               ) AS place
        FROM recommendations_parameters p
        CROSS JOIN LATERAL (SELECT recommendations_growth(now(), p.landmark, p.half_life) AS times) grown
        JOIN recommendations_pair pair ON true
        JOIN crowded USING (product_id)
        LEFT JOIN recommendations_productcount other ON other.product_id = pair.other_id
    ), below AS MATERIALIZED (
        SELECT product_id, other_id FROM ranked WHERE place > most
    ), deleted AS (
        DELETE FROM recommendations_pair p
        USING below one JOIN below other ON other.product_id = one.other_id AND other.other_id = one.product_id
        WHERE p.product_id = one.product_id AND p.other_id = one.other_id
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

-- Moves the landmark to the moment where an event of then would be stored more than `most` times heavier than at the
-- landmark; returns whether.
CREATE OR REPLACE FUNCTION recommendations_move_landmark(moment timestamptz, most float8)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    is_far boolean := (SELECT recommendations_growth(moment, landmark, half_life) > most FROM recommendations_parameters);
BEGIN
    IF is_far THEN
        PERFORM recommendations_store_as_of(moment);
    END IF;
    RETURN is_far;
END $$;

-- Stores every weight as of another landmark. What weighs less than 1e-150 then is hundreds of half-lives older than
-- anything that a list shows, and weighs nothing from then on.
CREATE OR REPLACE FUNCTION recommendations_store_as_of(moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    half_lives float8;
    times float8;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('recommendations_fold'), hashtext(current_schema()));
    SELECT extract(epoch FROM moment - landmark) / extract(epoch FROM half_life) INTO STRICT half_lives
    FROM recommendations_parameters;
    IF half_lives = 0 THEN
        RETURN;
    END IF;
    times := CASE WHEN half_lives > 1000 THEN 0 ELSE power(2::float8, -half_lives) END;
    UPDATE recommendations_parameters SET landmark = moment;
    UPDATE recommendations_pair
    SET positive = recommendations_scaled(positive, times), negative = recommendations_scaled(negative, times);
    UPDATE recommendations_basketpair
    SET positive = recommendations_scaled(positive, times), negative = recommendations_scaled(negative, times);
    UPDATE recommendations_productcount
    SET positive = recommendations_scaled(positive, times), negative = recommendations_scaled(negative, times),
        baskets = recommendations_scaled(baskets, times);
    UPDATE recommendations_pruning
    SET positive = recommendations_scaled(positive, times), negative = recommendations_scaled(negative, times);
END $$;

-- Postgres refuses a product that a float cannot hold instead of making it 0.
CREATE OR REPLACE FUNCTION recommendations_scaled(weight float8, times float8) RETURNS float8 LANGUAGE sql IMMUTABLE
RETURN CASE WHEN times = 0 THEN 0 WHEN weight > 1e-150 / least(times, 1) THEN weight * times ELSE 0 END;
