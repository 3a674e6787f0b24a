-- What is bought: which products together, and by whom how often. Called by the fold, once the histories are appended.

SET LOCAL check_function_bodies = off;  -- they read temporary tables, which are there only once a fold is open

-- Adds the new basket events to counts and pairs. A product of an order pairs with the others of the same order, and one
-- that is put into the basket or taken out of it with what was put there within the basket's time before.
CREATE OR REPLACE FUNCTION recommendations_fold_baskets() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    p recommendations_parameters;
BEGIN
    SELECT * INTO STRICT p FROM recommendations_parameters;

    INSERT INTO recommendations_productcount AS known (product_id, positive, negative, baskets)
    SELECT e.product_id, 0, 0, sum(e.weight * recommendations_growth(e.occurred_at, p.landmark, p.half_life))
    FROM new_interaction e JOIN recommendations_eventweight w USING (event)
    WHERE w.basket AND e.weight > 0 GROUP BY e.product_id ORDER BY e.product_id
    ON CONFLICT (product_id) DO UPDATE SET baskets = known.baskets + excluded.baskets;

    WITH together AS MATERIALIZED (
        SELECT e.product_id, earlier.product_id AS other_id,
               e.weight * recommendations_growth(e.occurred_at, p.landmark, p.half_life) AS weight
        FROM new_interaction e
        JOIN recommendations_eventweight w ON w.event = e.event AND w.basket
        CROSS JOIN LATERAL (
            SELECT DISTINCT h.product_id
            FROM recommendations_visitorevent h JOIN recommendations_eventweight before ON before.event = h.event
            WHERE h.visitor_id = e.visitor_id AND h.position < e.position
                AND h.position >= greatest(e.position - p.history, e.since)
                AND h.product_id <> e.product_id
                AND CASE WHEN w.purchase <> 0 THEN h.event_id = e.event_id
                         ELSE before.basket AND before.purchase = 0 AND h.weight > 0
                              AND h.occurred_at > e.occurred_at - p.basket END
        ) earlier
    )
    INSERT INTO recommendations_basketpair AS known (product_id, other_id, positive, negative)
    SELECT product_id, other_id, sum(greatest(weight, 0)), sum(greatest(-weight, 0))
    FROM (
        SELECT product_id, other_id, weight FROM together
        UNION ALL
        SELECT other_id, product_id, weight FROM together
    ) both_ways
    GROUP BY product_id, other_id ORDER BY product_id, other_id
    ON CONFLICT (product_id, other_id) DO UPDATE
        SET positive = known.positive + excluded.positive, negative = known.negative + excluded.negative;
END $$;

-- Adds for each product how many days lay between two purchases of one visitor. Times run by what was latest before, so
-- that neither a batch's border nor an old order that is told late changes a gap; two orders within half a day are one
-- purchase in two parts, and after a year it is no rhythm.
CREATE OR REPLACE FUNCTION recommendations_fold_rhythms() RETURNS void LANGUAGE sql AS $$
    WITH bought AS (
        SELECT e.product_id, e.occurred_at,
               greatest(known.last_at, max(e.occurred_at) OVER before) AS last_at
        FROM new_interaction e
        JOIN recommendations_eventweight w ON w.event = e.event AND w.purchase > 0
        LEFT JOIN recommendations_purchase known
            ON known.visitor_id = e.visitor_id AND known.product_id = e.product_id AND e.since = 0
        WINDOW before AS (PARTITION BY e.visitor_id, e.product_id, e.since ORDER BY e.position
                          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    )
    INSERT INTO recommendations_productrhythm AS known (product_id, gaps, days)
    SELECT product_id, count(*), sum(extract(epoch FROM occurred_at - last_at)::float8 / 86400)
    FROM bought WHERE occurred_at - last_at BETWEEN interval '12 hours' AND interval '365 days'
    GROUP BY product_id ORDER BY product_id
    ON CONFLICT (product_id) DO UPDATE SET gaps = known.gaps + excluded.gaps, days = known.days + excluded.days
$$;

-- Writes down what each visitor bought, how often and when; a refund takes one away. Of who was erased only what came after.
CREATE OR REPLACE FUNCTION recommendations_fold_purchases() RETURNS void LANGUAGE sql AS $$
    DELETE FROM recommendations_purchase known
    WHERE known.visitor_id = ANY (ARRAY(SELECT visitor_id FROM erased_visitor));

    INSERT INTO recommendations_purchase AS known (visitor_id, product_id, times, first_at, last_at)
    SELECT e.visitor_id, e.product_id, sum(w.purchase), min(e.occurred_at) FILTER (WHERE w.purchase > 0),
           max(e.occurred_at) FILTER (WHERE w.purchase > 0)
    FROM new_interaction e
    JOIN recommendations_eventweight w ON w.event = e.event AND w.purchase <> 0
    LEFT JOIN erased_visitor erased USING (visitor_id)
    WHERE erased.visitor_id IS NULL OR e.since = erased.since
    GROUP BY e.visitor_id, e.product_id ORDER BY e.visitor_id, e.product_id
    ON CONFLICT (visitor_id, product_id) DO UPDATE
        SET times = known.times + excluded.times,
            first_at = least(known.first_at, excluded.first_at), last_at = greatest(known.last_at, excluded.last_at)
$$;

-- The products bought together with one, from the facts as of a moment: best first, ties by product id. Scored as similar
-- ones are, with counts of basket events only.
CREATE OR REPLACE FUNCTION recommendations_together(product text, moment timestamptz)
RETURNS TABLE (other_id text, score float8) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT pair.other_id,
           recommendations_similarity(pair.positive - pair.negative, grown.times,
               recommendations_damped(counted.baskets, grown.times, p.smoothing, p.damping), other.baskets,
               p.smoothing, p.other_damping) AS score
    FROM recommendations_parameters p
    CROSS JOIN LATERAL (
        SELECT recommendations_growth(moment, p.landmark, p.half_life) AS times OFFSET 0  -- once, not for each pair
    ) grown
    JOIN recommendations_basketpair pair ON pair.product_id = product AND pair.positive > pair.negative
    JOIN recommendations_productcount counted ON counted.product_id = pair.product_id
    JOIN recommendations_productcount other ON other.product_id = pair.other_id
    ORDER BY score DESC, pair.other_id
    LIMIT (SELECT neighbours FROM recommendations_parameters)
$$;
