-- Where visitors came from and what is looked at there: for those of whom nothing else is known yet.

SET LOCAL check_function_bodies = off;  -- they read temporary tables, which are there only once a fold is open

-- Counts what visitors look at by where they came from last, within the time that it is kept. A sender could think of a
-- new origin for each event: of one day so many stand by themselves, and the rest under one.
CREATE OR REPLACE FUNCTION recommendations_fold_origins() RETURNS void LANGUAGE sql AS $$
    WITH told AS (
        SELECT partition, "offset", visitor_id, life, origin,
               count(origin) OVER (PARTITION BY visitor_id, life ORDER BY ordinal) AS visit
        FROM (
            SELECT partition, "offset", visitor_id, life, ordinal,
                   CASE WHEN fresh AND NOT left_out THEN origin END AS origin
            FROM ordered_event
        ) e
    ), carried AS (
        SELECT partition, "offset", life, max(origin) OVER (PARTITION BY visitor_id, life, visit) AS origin FROM told
    ), counted AS (
        SELECT date_trunc('day', i.occurred_at, 'UTC') AS day, coalesce(carried.origin, known.origin) AS origin,
               i.product_id, sum(i.weight) AS weight
        FROM new_interaction i
        JOIN carried USING (partition, "offset")
        LEFT JOIN recommendations_visitororigin known ON known.visitor_id = i.visitor_id AND carried.life = 0
        WHERE i.weight > 0 AND i.occurred_at > i.appended_at - interval '14 days'
            AND coalesce(carried.origin, known.origin) IS NOT NULL
        GROUP BY 1, 2, 3
    ), days AS MATERIALIZED (
        SELECT day, count(DISTINCT o.origin) AS origins
        FROM (SELECT DISTINCT day FROM counted) batch LEFT JOIN recommendations_originday o USING (day)
        GROUP BY day
    ), named AS (
        SELECT c.day, c.product_id, c.weight,
               CASE WHEN c.is_known OR d.origins + dense_rank() OVER (PARTITION BY c.day, c.is_known ORDER BY c.origin) <= 200
                    THEN c.origin ELSE '(other)' END AS origin
        FROM (
            SELECT *, EXISTS (
                SELECT FROM recommendations_originday o WHERE o.day = counted.day AND o.origin = counted.origin
            ) AS is_known
            FROM counted
        ) c JOIN days d USING (day)
    )
    INSERT INTO recommendations_originday AS known (day, origin, product_id, weight)
    SELECT day, origin, product_id, sum(weight) FROM named GROUP BY day, origin, product_id ORDER BY 1, 2, 3
    ON CONFLICT (day, origin, product_id) DO UPDATE SET weight = known.weight + excluded.weight;

    DELETE FROM recommendations_visitororigin known
    WHERE known.visitor_id = ANY (ARRAY(SELECT visitor_id FROM erased_visitor));

    INSERT INTO recommendations_visitororigin AS known (visitor_id, origin, partition, appended_at)
    SELECT DISTINCT ON (e.visitor_id) e.visitor_id, e.origin, e.partition, e.appended_at
    FROM ordered_event e LEFT JOIN erased_visitor erased USING (visitor_id)
    WHERE e.fresh AND NOT e.left_out AND e.origin IS NOT NULL AND e.life = coalesce(erased.life, 0)
    ORDER BY e.visitor_id, e.ordinal DESC
    ON CONFLICT (visitor_id) DO UPDATE
        SET origin = excluded.origin, partition = excluded.partition, appended_at = excluded.appended_at
$$;

-- Writes anew what is popular with those who came from each of the most frequent origins.
CREATE OR REPLACE FUNCTION recommendations_refresh_origins(moment timestamptz, most int) RETURNS void LANGUAGE sql AS $$
    DELETE FROM recommendations_rankedproduct WHERE kind = 'origin';
    INSERT INTO recommendations_rankedproduct (kind, category, rank, product_id, score, as_of)
    SELECT 'origin', origin, rank, product_id, weight, moment
    FROM (
        SELECT origin, product_id, sum(weight) AS weight,
               row_number() OVER (PARTITION BY origin ORDER BY sum(weight) DESC, product_id) AS rank
        FROM recommendations_originday
        WHERE day > moment - interval '14 days' AND origin <> '(other)'
        GROUP BY origin, product_id
    ) of_origin
    WHERE rank <= most
$$;
