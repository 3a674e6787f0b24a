-- Folds one batch of events into the facts, and the facts of what it touched into the lists.
-- The caller (Spark's sink, a rebuild) owns the transaction, so that the ledger's row lands with it or not at all.

SET LOCAL check_function_bodies = off;  -- they read temporary tables, which are there only once a fold is open

DROP FUNCTION IF EXISTS recommendations_fold(bigint, text, boolean);  -- it judged nothing once

-- Once per connection: the table that a batch is copied into, and what a fold works with. All empty at each commit.
CREATE OR REPLACE PROCEDURE recommendations_open_fold() LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE IF NOT EXISTS batch_event (
        partition int NOT NULL,
        "offset" bigint NOT NULL,
        appended_at timestamptz NOT NULL,
        visitor_id text NOT NULL,
        event_id text,  -- null: a tombstone, at which the visitor was erased; all below is null with it
        event text,
        occurred_at timestamptz,
        received_at timestamptz,
        product_ids text[],
        person_id text,
        source text,
        left_out boolean NOT NULL DEFAULT false,
        origin text,
        list_id text,  -- the list in which the products were seen or clicked
        positions int[]  -- of product_ids, in the same order; null where they are not known
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE IF NOT EXISTS ordered_event (
        ordinal bigint NOT NULL,
        key uuid,
        occurrence int NOT NULL,
        fresh boolean NOT NULL DEFAULT false,
        LIKE batch_event,
        life int NOT NULL DEFAULT 0  -- how often the visitor was erased up to there in the batch
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE IF NOT EXISTS touched_product (product_id text PRIMARY KEY) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE IF NOT EXISTS touched_visitor (
        visitor_id text PRIMARY KEY, version bigint NOT NULL,
        first_position bigint, last_position bigint  -- null where only the list is touched
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE IF NOT EXISTS new_interaction (
        LIKE recommendations_visitorevent,
        since bigint NOT NULL DEFAULT 0  -- what stands before it was erased
    ) ON COMMIT DELETE ROWS;
    -- Most batches need none of these: emptied by whoever filled them, since each commit would take longer for them.
    CREATE TEMP TABLE IF NOT EXISTS erased_visitor (
        visitor_id text NOT NULL, life int NOT NULL, version bigint NOT NULL, since bigint
    );
    CREATE TEMP TABLE IF NOT EXISTS touched_person (
        person_id text NOT NULL, version bigint NOT NULL, erased boolean NOT NULL
    );
    CREATE TEMP TABLE IF NOT EXISTS traced_order (
        visitor_id text NOT NULL, product_id text NOT NULL,
        list_id text NOT NULL, position int NOT NULL, clicked_at timestamptz NOT NULL,  -- the click that led to it
        partition int NOT NULL, "offset" bigint NOT NULL, appended_at timestamptz NOT NULL,
        ordered_at timestamptz NOT NULL  -- when the order was appended
    );
END $$;

-- What the newest event of a list was appended at, in milliseconds: the list's version.
CREATE OR REPLACE FUNCTION recommendations_version(appended_at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN (extract(epoch FROM appended_at) * 1000)::bigint;

-- Puts the batch into the order of the log and marks what was not seen in the 24 hours before it.
-- Within a partition the offset decides, across partitions the append time. An event that comes several times in one
-- batch is judged once for each time of appending, in order, so that the result does not depend on where a batch
-- begins. Of those appended at one time only the first can be fresh: however often it stands there, it costs one round.
CREATE OR REPLACE FUNCTION recommendations_mark_fresh() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    round int;
    rounds int;
BEGIN
    INSERT INTO ordered_event
    SELECT row_number() OVER in_order,
           event_key.key,
           CASE WHEN event_id IS NOT NULL
                     AND row_number() OVER (PARTITION BY event_key.key, appended ORDER BY partition, "offset") = 1
                THEN dense_rank() OVER (PARTITION BY event_key.key ORDER BY appended) ELSE 0 END,
           event_id IS NOT NULL, partition, "offset", appended_at, visitor_id, event_id, event, occurred_at, received_at,
           product_ids, person_id, source, left_out OR coalesce(occurred_at < p.since OR occurred_at >= p.until, false),
           origin, list_id, positions
    FROM (
        SELECT *, max(appended_at) OVER (PARTITION BY partition ORDER BY "offset") AS appended FROM batch_event
    ) b
    CROSS JOIN recommendations_parameters p
    CROSS JOIN LATERAL (SELECT md5(visitor_id || E'\x1f' || event_id)::uuid AS key) event_key
    WINDOW in_order AS (ORDER BY appended, partition, "offset");

    UPDATE ordered_event SET fresh = false WHERE fresh AND occurrence = 0;
    SELECT coalesce(max(occurrence), 0) INTO rounds FROM ordered_event;
    FOR round IN 1..rounds LOOP
        WITH unseen AS (
            INSERT INTO recommendations_seenevent AS known (key, partition, appended_at)
            SELECT key, partition, appended_at FROM ordered_event WHERE occurrence = round ORDER BY key
            ON CONFLICT (key) DO UPDATE
                SET partition = excluded.partition, appended_at = excluded.appended_at
                WHERE known.appended_at <= excluded.appended_at - interval '24 hours'
            RETURNING key
        )
        UPDATE ordered_event SET fresh = false WHERE occurrence = round AND key NOT IN (SELECT key FROM unseen);
    END LOOP;
    RETURN (SELECT count(*) FROM ordered_event WHERE NOT fresh AND event_id IS NOT NULL);
END $$;

-- Appends the fresh events to their visitors' histories: one row for each product of an event. What is left out is none
-- of the model's business, though its id was seen.
CREATE OR REPLACE FUNCTION recommendations_append_history(batch bigint, log_topic text, moment timestamptz)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO new_interaction (
        visitor_id, position, product_id, event, weight, event_id, topic, partition, "offset", batch_id, occurred_at,
        received_at, appended_at, computed_at)
    SELECT e.visitor_id,
           coalesce(last.position, 0) + row_number() OVER (PARTITION BY e.visitor_id ORDER BY e.ordinal, product.place),
           product.id, e.event, coalesce(w.weight, other.weight), e.event_id, log_topic, e.partition, e."offset",
           batch, e.occurred_at, e.received_at, e.appended_at, moment
    FROM ordered_event e
    CROSS JOIN LATERAL unnest(e.product_ids) WITH ORDINALITY AS product (id, place)
    LEFT JOIN recommendations_eventweight w ON w.event = e.event
    LEFT JOIN recommendations_eventweight other ON other.event = '*'
    LEFT JOIN LATERAL (
        SELECT position FROM recommendations_visitorevent known
        WHERE known.visitor_id = e.visitor_id ORDER BY position DESC LIMIT 1
    ) last ON true
    WHERE e.fresh AND NOT e.left_out AND coalesce(w.weight, other.weight, 0) <> 0;

    INSERT INTO recommendations_visitorevent (
        visitor_id, position, product_id, event, weight, event_id, topic, partition, "offset", batch_id, occurred_at,
        received_at, appended_at, computed_at)
    SELECT visitor_id, position, product_id, event, weight, event_id, topic, partition, "offset", batch_id,
           occurred_at, received_at, appended_at, computed_at
    FROM new_interaction;

    INSERT INTO touched_visitor
    SELECT visitor_id, recommendations_version(max(appended_at)), min(position), max(position)
    FROM new_interaction GROUP BY visitor_id;
$$;

-- Adds the new history rows to counts and pairs, and to hours what happened within the time that those are kept. Each row
-- pairs with the visitor's last distinct other products within the kept history and the memory, so that neither pruning
-- nor a batch's border changes the sums. A product looked at again says nothing new of what goes with it: within
-- `repeat_after`, only what an event weighs more than those before it is added.
CREATE OR REPLACE FUNCTION recommendations_fold_history() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    p recommendations_parameters;
BEGIN
    SELECT * INTO STRICT p FROM recommendations_parameters;

    INSERT INTO recommendations_productcount AS known (product_id, positive, negative)
    SELECT product_id,
           sum(greatest(weight, 0) * recommendations_growth(occurred_at, p.landmark, p.half_life)),
           sum(greatest(-weight, 0) * recommendations_growth(occurred_at, p.landmark, p.half_life))
    FROM new_interaction GROUP BY product_id ORDER BY product_id
    ON CONFLICT (product_id) DO UPDATE
        SET positive = known.positive + excluded.positive, negative = known.negative + excluded.negative;

    INSERT INTO recommendations_producthour AS known (hour, product_id, weight)
    SELECT date_trunc('hour', occurred_at, 'UTC') AS hour, product_id, sum(weight)
    FROM new_interaction WHERE weight > 0 AND occurred_at > appended_at - interval '14 days'
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (hour, product_id) DO UPDATE SET weight = known.weight + excluded.weight;

    PERFORM recommendations_fold_pairs();
END $$;

-- The pairs that the new history rows form with what their visitors looked at before: to be added in both directions.
-- OFFSET 0 keeps the planner from working out an event's weight again for each of its pairs.
CREATE OR REPLACE FUNCTION recommendations_looked_at_together()
RETURNS TABLE (product_id text, other_id text, weight float8) LANGUAGE sql STABLE AS $$
    SELECT told.product_id, other.id, exp(-told.distance_decay * (other.distance - 1)) * told.weight
    FROM (
        SELECT e.product_id, p.distance_decay,
               ARRAY(  -- newest first, each once
                   SELECT id FROM unnest(earlier.ids) WITH ORDINALITY AS looked_at (id, place)
                   WHERE array_position(earlier.ids, id) = place LIMIT p.lookback
               ) AS others,
               CASE WHEN e.weight < 0 THEN e.weight ELSE greatest(e.weight - coalesce(earlier.weight, 0), 0) END
                   * recommendations_growth(e.occurred_at, p.landmark, p.half_life) AS weight
        FROM recommendations_parameters p
        CROSS JOIN new_interaction e
        CROSS JOIN LATERAL (
            SELECT array_agg(h.product_id ORDER BY h.position DESC)
                       FILTER (WHERE h.product_id <> e.product_id AND h.appended_at > e.appended_at - p.memory) AS ids,
                   max(h.weight)
                       FILTER (WHERE h.product_id = e.product_id AND h.occurred_at > e.occurred_at - p.repeat_after)
                       AS weight
            FROM recommendations_visitorevent h
            WHERE h.visitor_id = e.visitor_id AND h.position < e.position
                AND h.position >= greatest(e.position - p.history, e.since) AND h.weight > 0
            OFFSET 0
        ) earlier
        OFFSET 0
    ) told
    CROSS JOIN LATERAL unnest(told.others) WITH ORDINALITY AS other (id, distance)
    WHERE told.weight <> 0
$$;

-- Adds them to the pairs. A model that is being made has a function of this name of its own, which puts them aside until
-- all are there (streaming/rebuild/putting_aside.py).
CREATE OR REPLACE FUNCTION recommendations_fold_pairs() RETURNS void LANGUAGE sql AS $$
    WITH looked_at_together AS MATERIALIZED (
        SELECT * FROM recommendations_looked_at_together()
    ), folded AS (
        INSERT INTO recommendations_pair AS known (product_id, other_id, positive, negative)
        SELECT product_id, other_id, sum(greatest(weight, 0)), sum(greatest(-weight, 0))
        FROM (
            SELECT product_id, other_id, weight FROM looked_at_together
            UNION ALL
            SELECT other_id, product_id, weight FROM looked_at_together
        ) both_ways
        GROUP BY product_id, other_id ORDER BY product_id, other_id
        ON CONFLICT (product_id, other_id) DO UPDATE
            SET positive = known.positive + excluded.positive, negative = known.negative + excluded.negative
        RETURNING product_id
    )
    INSERT INTO touched_product SELECT DISTINCT product_id FROM folded
$$;

-- Keeps the newest of each history, once all that the new rows pair with has been read.
CREATE OR REPLACE FUNCTION recommendations_shorten_histories() RETURNS void LANGUAGE sql AS $$
    DELETE FROM recommendations_visitorevent h USING touched_visitor t, recommendations_parameters p
    WHERE t.last_position > p.history AND h.visitor_id = t.visitor_id AND h.position <= t.last_position - p.history
$$;

-- Folds what was copied into batch_event. Returns what the ledger needs to know, with milliseconds by stage.
-- `judge` predicts the events before they are learned: for the live model only, whose tables it reads and writes.
-- `patience` is how long deriving lists may take (lists.sql).
DROP FUNCTION IF EXISTS recommendations_fold(bigint, text, boolean, boolean);
CREATE OR REPLACE FUNCTION recommendations_fold(
    batch bigint, log_topic text, derive_lists boolean DEFAULT true, judge boolean DEFAULT false,
    patience interval DEFAULT NULL
)
RETURNS TABLE (duplicates bigint, visitors bigint, fold_ms float8, lists_ms float8) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz := clock_timestamp();
    folded_at timestamptz;
    erasing boolean;
BEGIN
    -- One fold at a time for each schema; pruning takes the same lock.
    PERFORM pg_advisory_xact_lock(hashtext('recommendations_fold'), hashtext(current_schema()));
    PERFORM recommendations_move_landmark(began, power(2::float8, 300));
    duplicates := recommendations_mark_fresh();
    PERFORM recommendations_count_minutes();
    erasing := EXISTS (SELECT FROM ordered_event WHERE event_id IS NULL);
    IF erasing THEN
        PERFORM recommendations_count_lives();
    END IF;
    IF erasing OR EXISTS (SELECT FROM ordered_event WHERE person_id IS NOT NULL) THEN
        PERFORM recommendations_link_persons();
    END IF;
    PERFORM recommendations_append_history(batch, log_topic, began);
    IF erasing THEN
        PERFORM recommendations_part_histories();
    END IF;
    IF judge THEN
        PERFORM recommendations_judge(began);
    END IF;
    PERFORM recommendations_fold_history();
    IF erasing OR EXISTS (SELECT FROM new_interaction JOIN recommendations_eventweight USING (event) WHERE basket) THEN
        PERFORM recommendations_fold_baskets();
        PERFORM recommendations_fold_rhythms();
        PERFORM recommendations_fold_purchases();
    END IF;
    IF erasing OR EXISTS (SELECT FROM ordered_event WHERE origin IS NOT NULL) OR EXISTS (
        SELECT FROM touched_visitor JOIN recommendations_visitororigin USING (visitor_id)
    ) THEN
        PERFORM recommendations_fold_origins();
    END IF;
    PERFORM recommendations_shorten_histories();
    PERFORM recommendations_count_lists();
    IF erasing THEN
        PERFORM recommendations_erase_histories();
    END IF;
    visitors := (SELECT count(*) FROM touched_visitor);
    folded_at := clock_timestamp();
    IF derive_lists THEN
        PERFORM recommendations_touch_joined();
        PERFORM recommendations_derive_lists(folded_at, patience);
    END IF;
    IF erasing OR EXISTS (SELECT FROM touched_person) THEN
        TRUNCATE erased_visitor, touched_person;
    END IF;
    fold_ms := extract(epoch FROM folded_at - began) * 1000;
    lists_ms := extract(epoch FROM clock_timestamp() - folded_at) * 1000;
    RETURN NEXT;
END $$;
