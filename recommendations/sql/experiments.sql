-- Experiments: which arm a visitor is in, and what the visitors of each arm did.

SET LOCAL check_function_bodies = off;  -- they read temporary tables, which are there only once a fold is open

-- One of 10,000 buckets, by nothing but the experiment's salt and the visitor. `assignment.bucket_of` is the same in Python.
CREATE OR REPLACE FUNCTION recommendations_bucket(salt text, visitor_id text) RETURNS int LANGUAGE sql IMMUTABLE
RETURN (('x' || left(md5(salt || ':' || visitor_id), 8))::bit(32)::bigint % 10000)::int;

-- The arm of a visitor at a moment. A visitor is in one experiment at a time: in the one that started first of those which
-- are running and whose shares take them. `assignment.arm_of` is the same in Python.
CREATE OR REPLACE FUNCTION recommendations_arm_of(visitor_id text, moment timestamptz)
RETURNS TABLE (experiment_id bigint, arm_id bigint) LANGUAGE sql STABLE AS $$
    SELECT e.id, a.id
    FROM recommendations_experiment e
    JOIN (
        SELECT id, experiment_id, 100 * (sum(share) OVER up_to - share) AS first, 100 * sum(share) OVER up_to AS beyond
        FROM recommendations_experimentarm WINDOW up_to AS (PARTITION BY experiment_id ORDER BY id)
    ) a ON a.experiment_id = e.id
    CROSS JOIN LATERAL recommendations_bucket(e.salt, recommendations_arm_of.visitor_id) AS bucket
    WHERE e.starts_at <= moment AND moment < coalesce(e.stops_at, 'infinity')
        AND bucket >= a.first AND bucket < a.beyond
    ORDER BY e.starts_at, e.id LIMIT 1
$$;

-- Counts who of the batch came to an experiment, and which of its visitors clicked and ordered. Of one life: see
-- recommendations_count_lists.
CREATE OR REPLACE FUNCTION recommendations_count_exposures(of_life int) RETURNS void LANGUAGE sql AS $$
    WITH exposed AS (
        INSERT INTO recommendations_exposure (
            visitor_id, experiment_id, arm_id, clicked, converted, partition, "offset", appended_at)
        SELECT DISTINCT ON (e.visitor_id, arm.experiment_id)
               e.visitor_id, arm.experiment_id, arm.arm_id, false, false, e.partition, e."offset", e.appended_at
        FROM ordered_event e
        CROSS JOIN LATERAL recommendations_arm_of(e.visitor_id, e.appended_at) arm
        JOIN recommendations_experiment x ON x.id = arm.experiment_id
        WHERE e.fresh AND NOT e.left_out AND e.life = of_life AND e.event = 'Product List Viewed'
            AND e.list_id = ANY (x.list_ids) AND e.product_ids <> '{}'
        ORDER BY e.visitor_id, arm.experiment_id, e.ordinal
        ON CONFLICT DO NOTHING
        RETURNING arm_id, appended_at
    )
    INSERT INTO recommendations_exposurehour AS known (arm_id, hour, visitors, clicked, converted)
    SELECT arm_id, date_trunc('hour', appended_at, 'UTC'), count(*), 0, 0 FROM exposed GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (arm_id, hour) DO UPDATE SET visitors = known.visitors + excluded.visitors;

    WITH done AS MATERIALIZED (
        -- What a click leads to is the list's doing only if the click itself came after the list was seen.
        SELECT visitor_id, list_id, partition, "offset", appended_at, appended_at AS done_at, false AS ordered
        FROM ordered_event
        WHERE fresh AND NOT left_out AND life = of_life AND event = 'Product Clicked' AND list_id IS NOT NULL
        UNION ALL
        SELECT visitor_id, list_id, partition, "offset", appended_at, ordered_at, true FROM traced_order
    ), outcome AS MATERIALIZED (
        SELECT e.visitor_id, e.experiment_id, e.arm_id, date_trunc('hour', e.appended_at, 'UTC') AS hour,
               bool_or(NOT d.ordered) AND NOT e.clicked AS clicked, bool_or(d.ordered) AND NOT e.converted AS converted
        FROM done d
        JOIN recommendations_exposure e ON e.visitor_id = d.visitor_id
        JOIN recommendations_experiment x ON x.id = e.experiment_id
        WHERE d.list_id = ANY (x.list_ids)
            AND CASE WHEN d.partition = e.partition THEN d."offset" > e."offset" ELSE d.appended_at > e.appended_at END
            AND d.done_at < least(e.appended_at + x."window", x.stops_at)
        GROUP BY e.visitor_id, e.experiment_id
    ), noted AS (
        UPDATE recommendations_exposure e SET clicked = e.clicked OR o.clicked, converted = e.converted OR o.converted
        FROM outcome o WHERE o.visitor_id = e.visitor_id AND o.experiment_id = e.experiment_id
            AND (o.clicked OR o.converted)
    )
    UPDATE recommendations_exposurehour h
    SET clicked = h.clicked + counted.clicked, converted = h.converted + counted.converted
    FROM (
        SELECT arm_id, hour, count(*) FILTER (WHERE clicked) AS clicked, count(*) FILTER (WHERE converted) AS converted
        FROM outcome GROUP BY arm_id, hour
    ) counted
    WHERE counted.arm_id = h.arm_id AND counted.hour = h.hour;
$$;
