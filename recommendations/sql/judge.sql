-- Test, then train: what the model would have suggested before it learns of an event. Tables by search_path, as all else.

SET LOCAL check_function_bodies = off;  -- it reads temporary tables, which are there only once a fold is open

-- The distinct products of a visitor before their row at `place`, newest first: their own since the row `since`, and what
-- the person's other visitors did up to that record of the log. Null where there is none.
CREATE OR REPLACE FUNCTION recommendations_products_before(
    visitor text, place bigint, since bigint, appended timestamptz, log_partition int, log_offset bigint
) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(product_id ORDER BY appended_by DESC, partition DESC, "offset" DESC, position DESC)
    FROM (
        SELECT DISTINCT ON (product_id) product_id, appended_by, partition, "offset", position
        FROM (
            SELECT kept.*, max(kept.appended_at) OVER (PARTITION BY kept.visitor_id ORDER BY kept.position) AS appended_by
            FROM (
                SELECT own.* FROM recommendations_visitorevent own
                WHERE own.visitor_id = visitor AND own.position < place
                    AND own.position >= greatest(place - (SELECT history FROM recommendations_parameters), since)
                UNION ALL
                SELECT theirs.* FROM recommendations_joined_visitors(visitor) joined
                CROSS JOIN LATERAL (
                    SELECT * FROM recommendations_visitorevent h
                    WHERE h.visitor_id = joined.visitor_id
                        AND (h.appended_at, h.partition, h."offset") < (appended, log_partition, log_offset)
                    ORDER BY h.position DESC LIMIT (SELECT history FROM recommendations_parameters)
                ) theirs
                WHERE joined.visitor_id <> visitor
            ) kept
        ) history
        WHERE weight > 0
        ORDER BY product_id, appended_by DESC, partition DESC, "offset" DESC, position DESC
    ) newest
$$;

-- Predicts the batch's product events, each from the history before it (what came earlier in the batch too) and from the
-- pairs as the batch found them, and adds to the hour at which place the product stood. Judged is what speaks for a
-- product that the visitor's kept history lacks, where there is a history; what was seen is left out, as in a list.
--
-- Of what happens now, `most` products of a batch are looked at, of events chosen by their hash; how many were passed over
-- is counted.
-- What happened long before it was appended says nothing of today's lists and is not judged, unless its source begins
-- with 'judged:': all of that is, as of its own time.
CREATE OR REPLACE FUNCTION recommendations_judge(moment timestamptz, most int DEFAULT 20) RETURNS void LANGUAGE sql AS $$
    WITH candidate AS MATERIALIZED (
        SELECT e.partition, e."offset", e.key, cardinality(e.product_ids) AS products, coalesce(e.source, '') AS source,
               coalesce(starts_with(e.source, 'judged:'), false) AS asked_for
        FROM ordered_event e
        LEFT JOIN recommendations_eventweight w ON w.event = e.event
        LEFT JOIN recommendations_eventweight other ON other.event = '*'
        WHERE e.fresh AND NOT e.left_out AND cardinality(e.product_ids) > 0 AND coalesce(w.weight, other.weight, 0) > 0
            AND (starts_with(e.source, 'judged:') OR e.occurred_at > e.appended_at - interval '1 hour')
    ), chosen AS MATERIALIZED (
        SELECT * FROM candidate WHERE asked_for
        UNION ALL
        (SELECT * FROM candidate WHERE NOT asked_for ORDER BY key LIMIT most)
    ), looked_at AS MATERIALIZED (
        -- An order may be of a hundred products.
        SELECT * FROM (
            SELECT i.*, c.source, c.asked_for, row_number() OVER (PARTITION BY c.asked_for ORDER BY c.key, i.position) AS place
            FROM chosen c JOIN new_interaction i USING (partition, "offset")
        ) rows WHERE asked_for OR place <= most
    ), judged AS MATERIALIZED (
        SELECT l.source, l.product_id, seen.products, CASE WHEN l.asked_for THEN l.occurred_at END AS as_of
        FROM looked_at l
        CROSS JOIN LATERAL recommendations_products_before(
            l.visitor_id, l.position, l.since, l.appended_at, l.partition, l."offset") AS seen (products)
        WHERE l.product_id <> ALL (seen.products)
    ), known AS MATERIALIZED (
        -- Counting is left to whoever analyses the table, once there is something to count.
        SELECT CASE WHEN reltuples > 1000 THEN reltuples ELSE (SELECT count(*) FROM recommendations_productcount) END AS n
        FROM pg_class WHERE oid = 'recommendations_productcount'::regclass
    ), found AS (
        SELECT j.source, model.place AS place, popular.place AS popular_place,
               CASE WHEN EXISTS (SELECT FROM recommendations_productcount c WHERE c.product_id = j.product_id)
                    THEN 1 / greatest(known.n - cardinality(j.products), 1) ELSE 0 END AS chance
        FROM judged j CROSS JOIN known
        LEFT JOIN LATERAL (
            SELECT place FROM (
                SELECT s.product_id, row_number() OVER (ORDER BY s.score DESC, s.product_id) AS place
                FROM recommendations_score(j.products, j.as_of) s
            ) list
            WHERE list.product_id = j.product_id
        ) model ON true
        LEFT JOIN LATERAL (
            SELECT r.rank - (
                SELECT count(*) FROM recommendations_rankedproduct s
                WHERE s.kind = 'popular' AND s.category = '' AND s.rank < r.rank AND s.product_id = ANY (j.products)
            ) AS place
            FROM recommendations_rankedproduct r
            WHERE r.kind = 'popular' AND r.category = '' AND r.product_id = j.product_id
        ) popular ON true
    ), counted AS (
        SELECT source, count(*) AS events,
               count(*) FILTER (WHERE place <= 10) AS hits_10, count(*) FILTER (WHERE place <= 20) AS hits_20,
               coalesce(sum(1.0::float8 / place) FILTER (WHERE place <= 20), 0) AS reciprocal,
               count(*) FILTER (WHERE popular_place <= 10) AS popular_hits_10,
               count(*) FILTER (WHERE popular_place <= 20) AS popular_hits_20,
               coalesce(sum(1.0::float8 / popular_place) FILTER (WHERE popular_place <= 20), 0) AS popular_reciprocal,
               sum(least(10 * chance, 1)) AS random_hits_10, sum(least(20 * chance, 1)) AS random_hits_20,
               -- A random list has the product at each place alike: 1 + 1/2 + ... + 1/20 times the chance of one place.
               sum(chance * (SELECT sum(1.0::float8 / r) FROM generate_series(1, least(20, 1 / nullif(chance, 0))::int) r)
                   ) AS random_reciprocal
        FROM found GROUP BY source
    ), passed_over AS (
        SELECT source, sum(number)::bigint AS passed_over
        FROM (SELECT source, products AS number FROM candidate UNION ALL SELECT source, -1 FROM looked_at) sides
        GROUP BY source HAVING sum(number) > 0
    )
    INSERT INTO recommendations_judgedhour AS stored (hour, source, events, passed_over, hits_10, hits_20, reciprocal,
        popular_hits_10, popular_hits_20, popular_reciprocal, random_hits_10, random_hits_20, random_reciprocal)
    SELECT date_trunc('hour', moment, 'UTC'), source, coalesce(c.events, 0), coalesce(o.passed_over, 0),
           coalesce(c.hits_10, 0), coalesce(c.hits_20, 0), coalesce(c.reciprocal, 0), coalesce(c.popular_hits_10, 0),
           coalesce(c.popular_hits_20, 0), coalesce(c.popular_reciprocal, 0), coalesce(c.random_hits_10, 0),
           coalesce(c.random_hits_20, 0), coalesce(c.random_reciprocal, 0)
    FROM counted c FULL JOIN passed_over o USING (source)
    ORDER BY source
    ON CONFLICT (hour, source) DO UPDATE SET
        events = stored.events + excluded.events, passed_over = stored.passed_over + excluded.passed_over,
        hits_10 = stored.hits_10 + excluded.hits_10, hits_20 = stored.hits_20 + excluded.hits_20,
        reciprocal = stored.reciprocal + excluded.reciprocal,
        popular_hits_10 = stored.popular_hits_10 + excluded.popular_hits_10,
        popular_hits_20 = stored.popular_hits_20 + excluded.popular_hits_20,
        popular_reciprocal = stored.popular_reciprocal + excluded.popular_reciprocal,
        random_hits_10 = stored.random_hits_10 + excluded.random_hits_10,
        random_hits_20 = stored.random_hits_20 + excluded.random_hits_20,
        random_reciprocal = stored.random_reciprocal + excluded.random_reciprocal
$$;
