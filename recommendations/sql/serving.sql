-- A whole list in one statement, as JSON: suggestions, filled up where they are short, joined with the site's products.
--
-- Suggestions are items as `recommendations_visitorlist` stores them: [{"productId", "score", "because", "moved"}], the last
-- two being places (from 0) in the list's events; "kind" stands where the reason is not that of the event.

SET LOCAL check_function_bodies = off;  -- they read a view that is made after the migrations

-- An RFC 3339 time in UTC with milliseconds, as every event and list has it.
CREATE OR REPLACE FUNCTION recommendations_time(moment timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

-- The way of the event that moved an item; null for products that are only named.
CREATE OR REPLACE FUNCTION recommendations_trace(event jsonb) RETURNS json LANGUAGE sql STABLE PARALLEL SAFE RETURN
    CASE WHEN event ? 'eventId' THEN json_build_object(
        'eventId', event -> 'eventId', 'topic', event -> 'topic', 'partition', event -> 'partition',
        'offset', event -> 'offset', 'batchId', event -> 'batchId',
        'occurredAt', recommendations_time((event ->> 'occurredAt')::timestamptz),
        'receivedAt', recommendations_time((event ->> 'receivedAt')::timestamptz),
        'computedAt', recommendations_time((event ->> 'computedAt')::timestamptz), 'pushedAt', NULL) END;

-- A ranked list of a category, best first; '' is that of all.
DROP FUNCTION IF EXISTS recommendations_ranked(text, text);
CREATE FUNCTION recommendations_ranked(list text, of_category text)
RETURNS TABLE (product_id text, score float8) LANGUAGE sql STABLE AS $$
    SELECT ranked.product_id, ranked.score FROM recommendations_rankedproduct ranked
    WHERE ranked.kind = list AND ranked.category = of_category ORDER BY ranked.rank
$$;

-- The most popular products of a category as they are counted now: for those that its ranked list has no room for.
DROP FUNCTION IF EXISTS recommendations_counted(text, int);
CREATE FUNCTION recommendations_counted(of_category text, most int)
RETURNS TABLE (product_id text, score float8) LANGUAGE sql STABLE ROWS 100 AS $$
    SELECT counted.product_id, counted.positive / recommendations_growth(now(), p.landmark, p.half_life)
    FROM recommendations_parameters p, recommendations_product product
    JOIN recommendations_productcount counted ON counted.product_id = product.product_id
    WHERE product.category = of_category AND product.available AND NOT product.hidden AND counted.positive > 0
    ORDER BY counted.positive DESC, counted.product_id LIMIT most
$$;

-- One item as lists show it.
DROP FUNCTION IF EXISTS recommendations_item(text, text, text, text, numeric, text, float8, json, json);
CREATE FUNCTION recommendations_item(
    product_id text, title text, url text, image text, price numeric, currency text, score float8, reason json, trace json
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE RETURN JSON_OBJECT(
    'productId': product_id, 'title': title, 'url': url, 'image': image, 'price': price, 'currency': currency,
    'score': score, 'reason': reason, 'trace': trace RETURNING text);

CREATE OR REPLACE FUNCTION recommendations_reason(kind text, product_id text, title text, category text)
RETURNS json LANGUAGE sql STABLE PARALLEL SAFE RETURN JSON_OBJECT(
    'kind': kind, 'productId': product_id, 'title': title, 'category': category RETURNING json);

-- The first `most` of the suggestions that can be bought, each as JSON: no more products are looked up than it takes, and
-- of the events only those that are told of.
DROP FUNCTION IF EXISTS recommendations_sellable(jsonb, jsonb, int, text);
CREATE FUNCTION recommendations_sellable(items jsonb, events jsonb, most int, of_category text)
RETURNS text[] LANGUAGE sql STABLE AS $$
    WITH chosen AS MATERIALIZED (
        SELECT suggested.place, suggested.score, suggested.kind, suggested.because, suggested.moved,
               p.product_id, p.title, p.url, p.image, p.price, p.currency
        FROM (
            SELECT * FROM ROWS FROM (
                jsonb_to_recordset(items) AS ("productId" text, score float8, because int, moved int, kind text)
            ) WITH ORDINALITY AS each_one (product_id, score, because, moved, kind, place) ORDER BY place
        ) suggested
        CROSS JOIN LATERAL (
            SELECT * FROM recommendations_product product
            WHERE product.product_id = suggested.product_id AND product.available AND NOT product.hidden
            LIMIT 1  -- so that it stays a look-up by id, whatever is asked of it besides
        ) p
        WHERE of_category IS NULL OR p.category = of_category
        LIMIT most
    ), told AS MATERIALIZED (
        SELECT each_one.place - 1 AS place, each_one.event
        FROM jsonb_array_elements(events) WITH ORDINALITY AS each_one (event, place)
    ), because AS MATERIALIZED (
        SELECT told.place, told.event ->> 'productId' AS product_id, known.title,
               coalesce(reasons.of ->> (told.event ->> 'event'), reasons.of ->> '*') AS kind
        FROM told
        CROSS JOIN (SELECT jsonb_object_agg(event, reason) AS of FROM recommendations_eventweight) reasons
        LEFT JOIN LATERAL (
            SELECT p.title FROM recommendations_product p
            WHERE p.product_id = told.event ->> 'productId' AND NOT p.hidden LIMIT 1
        ) known ON true
        WHERE told.place IN (SELECT because FROM chosen)
    ), moved AS MATERIALIZED (
        SELECT told.place, recommendations_trace(told.event) AS trace
        FROM told WHERE told.place IN (SELECT moved FROM chosen)
    )
    SELECT coalesce(array_agg(recommendations_item(
               chosen.product_id, chosen.title, chosen.url, chosen.image, chosen.price, chosen.currency, chosen.score,
               recommendations_reason(coalesce(chosen.kind, because.kind), because.product_id, because.title, NULL),
               moved.trace) ORDER BY chosen.place), '{}')
    FROM chosen
    LEFT JOIN because ON because.place = chosen.because
    LEFT JOIN moved ON moved.place = chosen.moved
$$;

-- What fills a list up, one after the other: the ranked lists of the newest product's category, unless one category is
-- asked for, then those of all products, or of the category asked for.
DROP FUNCTION IF EXISTS recommendations_tiers(text, text);
CREATE FUNCTION recommendations_tiers(akin_category text, asked_category text)
RETURNS TABLE (tier int, list text, kind text, category text, is_akin boolean) LANGUAGE sql IMMUTABLE AS $$
    SELECT * FROM (
        VALUES (1, 'trending', 'trending', akin_category, true),
               (2, 'popular', 'popular', akin_category, true),
               (3, 'trending', 'trending', coalesce(asked_category, ''), false),
               (4, 'popular', 'popular', coalesce(asked_category, ''), false),
               (5, 'counted', 'popular', asked_category, false)
    ) each_one (tier, list, kind, category, is_akin)
    WHERE category IS NOT NULL ORDER BY tier
$$;

-- What fills the items up to `most`: nothing of `seen`, and nothing that was suggested.
DROP FUNCTION IF EXISTS recommendations_filling(jsonb, jsonb, text[], int, text);
CREATE FUNCTION recommendations_filling(items jsonb, events jsonb, seen text[], most int, of_category text)
RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    akin record;
    tier record;
    chosen record;
    shown text[] := '{}';
    taken text[] := seen || ARRAY(SELECT each_one ->> 'productId' FROM jsonb_array_elements(items) each_one);
BEGIN
    SELECT p.product_id, p.title, p.category, p.category_name, recommendations_trace(known.event) AS trace INTO akin
    FROM jsonb_array_elements(events) WITH ORDINALITY AS known (event, place)
    JOIN recommendations_product p ON p.product_id = known.event ->> 'productId' AND NOT p.hidden
    WHERE of_category IS NULL ORDER BY known.place LIMIT 1;
    FOR tier IN SELECT * FROM recommendations_tiers(akin.category, of_category) LOOP
        SELECT coalesce(array_agg(product_id), '{}') AS products, coalesce(array_agg(item), '{}') AS items INTO chosen
        FROM (
            SELECT p.product_id, recommendations_item(
                       p.product_id, p.title, p.url, p.image, p.price, p.currency, ranked.score,
                       CASE WHEN tier.is_akin
                            THEN recommendations_reason(tier.kind, akin.product_id, akin.title, akin.category_name)
                            ELSE recommendations_reason(tier.kind, NULL, NULL, NULL) END,
                       CASE WHEN tier.is_akin THEN akin.trace END) AS item
            FROM (
                SELECT * FROM recommendations_ranked(tier.list, tier.category)
                UNION ALL
                SELECT * FROM recommendations_counted(tier.category, most + cardinality(taken)) WHERE tier.list = 'counted'
            ) ranked
            CROSS JOIN LATERAL (
                SELECT * FROM recommendations_product product
                WHERE product.product_id = ranked.product_id AND product.available AND NOT product.hidden
                LIMIT 1
            ) p
            WHERE ranked.product_id <> ALL (taken) AND (tier.category = '' OR p.category = tier.category)
            LIMIT most - cardinality(shown)
        ) in_order;
        shown := shown || chosen.items;
        EXIT WHEN cardinality(shown) >= most;
        taken := taken || chosen.products;
    END LOOP;
    RETURN shown;
END $$;

-- Whom a list is for and what is suggested to them.
DROP FUNCTION IF EXISTS recommendations_suggested(jsonb);
CREATE FUNCTION recommendations_suggested(asked jsonb)
RETURNS TABLE (version bigint, as_of timestamptz, items jsonb, events jsonb, seen text[], filled boolean) LANGUAGE plpgsql STABLE AS $$
DECLARE
    product text := asked ->> 'product';
    moment timestamptz := asked ->> 'asOf';
    newest text[] := ARRAY(SELECT jsonb_array_elements_text(asked -> 'products'));
BEGIN
    CASE asked ->> 'list'
    WHEN 'visitor' THEN
        RETURN QUERY SELECT l.version, l.as_of, l.items, l.events, l.seen, true
            FROM recommendations_stored_list(asked ->> 'visitor') l;
    WHEN 'composed' THEN  -- the caller's own: a list that is not stored yet
        RETURN QUERY SELECT (asked ->> 'version')::bigint, moment, asked -> 'items', asked -> 'events',
            ARRAY(SELECT jsonb_array_elements_text(asked -> 'seen')), true;
    WHEN 'products' THEN
        RETURN QUERY SELECT 0::bigint, coalesce(moment, now()), coalesce(jsonb_agg(jsonb_build_object(
                    'productId', s.product_id, 'score', s.score, 'because', s.because, 'moved', s.moved)
                    ORDER BY s.score DESC, s.product_id), '[]'),
                (SELECT jsonb_agg(jsonb_build_object('productId', product_id)) FROM unnest(newest) product_id), newest, true
            FROM recommendations_score(newest, moment) s;
    WHEN 'similar' THEN
        RETURN QUERY SELECT 0::bigint, s.as_of,
                (SELECT coalesce(jsonb_agg(jsonb_build_object('productId', other.id, 'score', other.score, 'because', 0)
                            ORDER BY other.place), '[]')
                 FROM unnest(s.other_ids, s.scores) WITH ORDINALITY AS other (id, score, place)),
                jsonb_build_array(jsonb_build_object('productId', product)), ARRAY[product], false
            FROM recommendations_similarproducts s WHERE s.product_id = product;
    WHEN 'trending' THEN
        RETURN QUERY SELECT 0::bigint, now(), '[]'::jsonb, '[]'::jsonb, '{}'::text[], true;
    END CASE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 0::bigint, now(), '[]'::jsonb, '[]'::jsonb, '{}'::text[],
            asked ->> 'list' = 'visitor';
    END IF;
END $$;

-- The list that is asked for, whole: {"list", "visitor" | "product" | "products", "limit", "category", "asOf", "unlisted"}.
DROP FUNCTION IF EXISTS recommendations_serve(jsonb);
CREATE FUNCTION recommendations_serve(asked jsonb) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    suggested record;
    shown text[];
    most int := asked -> 'limit';
    of_category text := asked ->> 'category';
BEGIN
    SELECT * INTO suggested FROM recommendations_suggested(asked);
    IF asked -> 'unlisted' THEN
        shown := recommendations_unlisted(suggested.items, suggested.events, most);
    ELSE
        shown := recommendations_sellable(suggested.items, suggested.events, most, of_category);
        IF suggested.filled AND cardinality(shown) < most THEN
            shown := shown || recommendations_filling(
                suggested.items, suggested.events, suggested.seen, most - cardinality(shown), of_category);
        END IF;
    END IF;
    RETURN '{"type":"recommendations","visitorId":' || coalesce((asked -> 'visitor')::text, 'null')
        || ',"version":' || suggested.version || ',"asOf":"' || recommendations_time(suggested.as_of)
        || '","items":[' || array_to_string(shown, ',') || ']}';
END $$;

-- Bare ids with their scores, known to the site or not.
DROP FUNCTION IF EXISTS recommendations_unlisted(jsonb, jsonb, int);
CREATE FUNCTION recommendations_unlisted(items jsonb, events jsonb, most int) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(json_build_object(
        'productId', suggested.item -> 'productId', 'score', suggested.item -> 'score',
        'reason', json_build_object(
            'kind', 'viewed', 'productId', events -> (suggested.item -> 'because')::int -> 'productId'),
        'trace', NULL)::text ORDER BY suggested.place), '{}')
    FROM jsonb_array_elements(items) WITH ORDINALITY AS suggested (item, place)
    WHERE suggested.place <= most
$$;
