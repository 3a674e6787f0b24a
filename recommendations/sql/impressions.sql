-- What was seen, clicked and then ordered of each list, and who saw it.

SET LOCAL check_function_bodies = off;  -- they read temporary tables, which are there only once a fold is open

-- Counts the batch's lists. A schema without tables of its own for it (a second model of the same log) counts nothing: else
-- it would count into the live ones. Lives are counted one after the other, since a tombstone takes what was remembered.
CREATE OR REPLACE FUNCTION recommendations_count_lists() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    ordering boolean;
BEGIN
    IF to_regclass(quote_ident(current_schema()) || '.recommendations_listhour') IS NULL OR NOT EXISTS (
        SELECT FROM ordered_event e
        WHERE e.event_id IS NULL OR e.list_id IS NOT NULL
            OR e.event IN (SELECT w.event FROM recommendations_eventweight w WHERE w.purchase > 0)
    ) THEN
        RETURN;
    END IF;
    ordering := EXISTS (SELECT FROM ordered_event JOIN recommendations_eventweight USING (event) WHERE purchase > 0);
    FOR of_life IN 0..(SELECT coalesce(max(life), 0) FROM ordered_event) LOOP
        PERFORM recommendations_count_seen(of_life);
        IF ordering THEN
            PERFORM recommendations_trace_orders(of_life);
        END IF;
        PERFORM recommendations_remember_clicks(of_life);
        IF EXISTS (
            SELECT FROM recommendations_experiment x, (SELECT min(appended_at), max(appended_at) FROM ordered_event) span
            WHERE x.starts_at <= span.max AND span.min < coalesce(x.stops_at, 'infinity')
        ) THEN
            PERFORM recommendations_count_exposures(of_life);
        END IF;
        IF EXISTS (SELECT FROM traced_order) THEN
            PERFORM recommendations_spend_clicks();
            TRUNCATE traced_order;
        END IF;
        IF EXISTS (SELECT FROM erased_visitor) THEN
            PERFORM recommendations_forget_lists(of_life);
        END IF;
    END LOOP;
END $$;

-- Deletes what is remembered of whom that life of the batch has ended for; the sums keep what they are, and name nobody.
CREATE OR REPLACE FUNCTION recommendations_forget_lists(of_life int) RETURNS void LANGUAGE sql AS $$
    DELETE FROM recommendations_listvisitor v USING erased_visitor e
    WHERE e.life > of_life AND v.visitor_id = e.visitor_id;
    DELETE FROM recommendations_listclick c USING erased_visitor e
    WHERE e.life > of_life AND c.visitor_id = e.visitor_id;
    DELETE FROM recommendations_exposure x USING erased_visitor e
    WHERE e.life > of_life AND x.visitor_id = e.visitor_id;
$$;

-- Keeps all this within its bounds; `watermarks` as recommendations_clean_up has them. An experiment's visitors are known
-- for a day longer than it runs, so that whatever was still on its way finds them.
CREATE OR REPLACE FUNCTION recommendations_clean_up_lists(watermarks jsonb) RETURNS void LANGUAGE sql AS $$
    DELETE FROM recommendations_listhour WHERE hour < now() - interval '90 days';
    DELETE FROM recommendations_listvisitor WHERE last_seen_at < now() - interval '90 days';
    DELETE FROM recommendations_listclick c USING jsonb_each_text(watermarks) w
    WHERE c.partition = w.key::int
        AND c.appended_at <= w.value::timestamptz - (SELECT attribution FROM recommendations_parameters);
    DELETE FROM recommendations_exposure x USING recommendations_experiment e
    WHERE x.experiment_id = e.id
        AND e.stops_at < (SELECT max(value::timestamptz) FROM jsonb_each_text(watermarks)) - interval '1 day';
$$;

-- Of one hour so many lists stand by themselves, and the rest under one: a sender could think of a new one for each event.
CREATE OR REPLACE FUNCTION recommendations_count_seen(of_life int) RETURNS void LANGUAGE sql AS $$
    WITH counted AS MATERIALIZED (
        SELECT date_trunc('hour', e.occurred_at, 'UTC') AS hour, e.list_id,
               least(coalesce(product.position, 0), 51) AS position,
               count(*) FILTER (WHERE e.event = 'Product List Viewed') AS impressions,
               count(*) FILTER (WHERE e.event = 'Product Clicked') AS clicks
        FROM ordered_event e CROSS JOIN LATERAL unnest(e.product_ids, e.positions) AS product (id, position)
        WHERE e.fresh AND NOT e.left_out AND e.life = of_life AND e.list_id IS NOT NULL
            AND e.event IN ('Product List Viewed', 'Product Clicked')
            AND e.occurred_at > e.appended_at - interval '90 days'
        GROUP BY 1, 2, 3
    ), listed AS MATERIALIZED (
        SELECT hour, list_id, EXISTS (
                   SELECT FROM recommendations_listhour h WHERE h.hour = c.hour AND h.list_id = c.list_id
               ) AS known
        FROM (SELECT DISTINCT hour, list_id FROM counted) c
    ), named AS MATERIALIZED (
        SELECT hour, list_id,
               CASE WHEN known OR row_number() OVER (PARTITION BY hour, known ORDER BY list_id) + (
                        SELECT count(DISTINCT h.list_id) FROM recommendations_listhour h
                        WHERE h.hour = listed.hour AND NOT known
                    ) <= 200 THEN list_id ELSE '(other)' END AS name
        FROM listed
    )
    INSERT INTO recommendations_listhour AS known (hour, list_id, position, impressions, clicks, conversions)
    SELECT hour, name, position, sum(impressions), sum(clicks), 0
    FROM counted JOIN named USING (hour, list_id) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (hour, list_id, position) DO UPDATE
        SET impressions = known.impressions + excluded.impressions, clicks = known.clicks + excluded.clicks;

    INSERT INTO recommendations_listvisitor AS known (visitor_id, list_id, last_seen_at)
    SELECT e.visitor_id, recommendations_list_name(date_trunc('hour', e.occurred_at, 'UTC'), e.list_id),
           max(e.occurred_at)
    FROM ordered_event e
    WHERE e.fresh AND NOT e.left_out AND e.life = of_life AND e.list_id IS NOT NULL AND e.product_ids <> '{}'
        AND e.event = 'Product List Viewed' AND e.occurred_at > e.appended_at - interval '90 days'
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (visitor_id, list_id) DO UPDATE
        SET last_seen_at = excluded.last_seen_at WHERE known.last_seen_at < excluded.last_seen_at;
$$;

-- Under which name the list stands in its hour.
CREATE OR REPLACE FUNCTION recommendations_list_name(in_hour timestamptz, list text) RETURNS text LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM recommendations_listhour h WHERE h.hour = in_hour AND h.list_id = list)
                THEN list ELSE '(other)' END
$$;

-- Traces each order of a product back to the visitor's last click on it in a list, within the time of `attribution`. A click
-- leads to one order at most.
CREATE OR REPLACE FUNCTION recommendations_trace_orders(of_life int) RETURNS void LANGUAGE sql AS $$
    WITH bought AS MATERIALIZED (
        SELECT e.ordinal, e.visitor_id, product.id AS product_id, e.occurred_at, e.appended_at
        FROM ordered_event e
        JOIN recommendations_eventweight w ON w.event = e.event AND w.purchase > 0
        CROSS JOIN LATERAL unnest(e.product_ids) AS product (id)
        WHERE e.fresh AND NOT e.left_out AND e.life = of_life
    ), clicked AS MATERIALIZED (
        SELECT e.ordinal, e.visitor_id, product.id AS product_id, e.list_id, coalesce(product.position, 0) AS position,
               e.occurred_at, e.partition, e."offset", e.appended_at
        FROM ordered_event e CROSS JOIN LATERAL unnest(e.product_ids, e.positions) AS product (id, position)
        WHERE e.fresh AND NOT e.left_out AND e.life = of_life
            AND e.event = 'Product Clicked' AND e.list_id IS NOT NULL
    )
    INSERT INTO traced_order
    SELECT DISTINCT ON (b.visitor_id, b.product_id, click.partition, click."offset")
           b.visitor_id, b.product_id, click.list_id, click.position, click.occurred_at, click.partition,
           click."offset", click.appended_at, b.appended_at
    FROM bought b
    CROSS JOIN LATERAL (
        SELECT * FROM (
            SELECT c.ordinal, c.list_id, c.position, c.occurred_at, c.partition, c."offset", c.appended_at
            FROM clicked c
            WHERE c.visitor_id = b.visitor_id AND c.product_id = b.product_id AND c.ordinal < b.ordinal
            UNION ALL
            SELECT 0, c.list_id, c.position, c.occurred_at, c.partition, c."offset", c.appended_at
            FROM recommendations_listclick c WHERE c.visitor_id = b.visitor_id AND c.product_id = b.product_id
        ) clicks ORDER BY ordinal DESC LIMIT 1
    ) click
    CROSS JOIN recommendations_parameters p
    WHERE b.occurred_at < click.occurred_at + p.attribution AND b.appended_at < click.appended_at + p.attribution
    ORDER BY b.visitor_id, b.product_id, click.partition, click."offset", b.ordinal;

    UPDATE recommendations_listhour h SET conversions = h.conversions + traced.orders
    FROM (
        SELECT clicked.hour, recommendations_list_name(clicked.hour, list_id) AS list_id,
               least(position, 51) AS position, count(*) AS orders
        FROM traced_order
        CROSS JOIN LATERAL (SELECT date_trunc('hour', clicked_at, 'UTC') AS hour) clicked
        GROUP BY 1, 2, 3
    ) traced
    WHERE traced.hour = h.hour AND traced.list_id = h.list_id AND traced.position = h.position;
$$;

-- Keeps each visitor's last click on each product.
CREATE OR REPLACE FUNCTION recommendations_remember_clicks(of_life int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO recommendations_listclick AS known (
        visitor_id, product_id, list_id, position, occurred_at, partition, "offset", appended_at)
    SELECT DISTINCT ON (e.visitor_id, product.id)
           e.visitor_id, product.id, e.list_id, coalesce(product.position, 0), e.occurred_at, e.partition, e."offset",
           e.appended_at
    FROM ordered_event e CROSS JOIN LATERAL unnest(e.product_ids, e.positions) AS product (id, position)
    WHERE e.fresh AND NOT e.left_out AND e.life = of_life AND e.list_id IS NOT NULL AND e.event = 'Product Clicked'
    ORDER BY e.visitor_id, product.id, e.ordinal DESC
    ON CONFLICT (visitor_id, product_id) DO UPDATE
        SET list_id = excluded.list_id, position = excluded.position, occurred_at = excluded.occurred_at,
            partition = excluded.partition, "offset" = excluded."offset", appended_at = excluded.appended_at;
$$;

-- Forgets the clicks that have led to an order.
CREATE OR REPLACE FUNCTION recommendations_spend_clicks() RETURNS void LANGUAGE sql AS $$
    DELETE FROM recommendations_listclick c USING traced_order t
    WHERE c.visitor_id = t.visitor_id AND c.product_id = t.product_id
        AND c.partition = t.partition AND c."offset" = t."offset";
$$;
