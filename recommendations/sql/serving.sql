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

-- The events of a list as its items need them: arrays in the order of the events.
DROP FUNCTION IF EXISTS recommendations_told(jsonb);
CREATE FUNCTION recommendations_told(events jsonb)
RETURNS TABLE (products text[], titles text[], kinds text[], traces json[]) LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(e.event ->> 'productId' ORDER BY place), '{}'), array_agg(known.title ORDER BY place),
           array_agg(coalesce(w.reason, 'viewed') ORDER BY place), array_agg(recommendations_trace(event) ORDER BY place)
    FROM jsonb_array_elements(events) WITH ORDINALITY AS e (event, place)
    LEFT JOIN LATERAL (
        SELECT p.title FROM recommendations_product p
        WHERE p.product_id = e.event ->> 'productId' AND NOT p.hidden LIMIT 1
    ) known ON true
    LEFT JOIN LATERAL (
        SELECT reason FROM recommendations_eventweight
        WHERE recommendations_eventweight.event IN (e.event ->> 'event', '*')
        ORDER BY recommendations_eventweight.event = '*' LIMIT 1
    ) w ON true
$$;

-- Suggested by nobody's history, best first: a ranked list of a category, '' being that of all; or, where the list has no
-- room for them, the category's products as they are counted now.
DROP FUNCTION IF EXISTS recommendations_ranked(text, text);
CREATE FUNCTION recommendations_ranked(list text, of_category text)
RETURNS TABLE (product_id text, score float8) LANGUAGE plpgsql STABLE ROWS 100 AS $$
BEGIN
    IF list <> 'counted' THEN
        RETURN QUERY SELECT ranked.product_id::text, ranked.score FROM recommendations_rankedproduct ranked
            WHERE ranked.kind = list AND ranked.category = of_category ORDER BY ranked.rank;
    ELSE
        RETURN QUERY SELECT counted.product_id::text,
                counted.positive / recommendations_growth(now(), p.landmark, p.half_life)
            FROM recommendations_parameters p, recommendations_product product
            JOIN recommendations_productcount counted ON counted.product_id = product.product_id
            WHERE product.category = of_category AND product.available AND NOT product.hidden AND counted.positive > 0
            ORDER BY counted.positive DESC, counted.product_id LIMIT 100;
    END IF;
END $$;

-- One item as lists show it.
DROP FUNCTION IF EXISTS recommendations_item(text, text, text, text, numeric, text, float8, json, json);
CREATE FUNCTION recommendations_item(
    product_id text, title text, url text, image text, price numeric, currency text, score float8, reason json, trace json
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE RETURN
    json_build_object(
        'productId', product_id, 'title', title, 'url', url, 'image', image, 'price', price, 'currency', currency,
        'score', score, 'reason', reason, 'trace', trace)::text;

-- What fills a list up, one after the other: the ranked lists of the newest product's category, unless one category is
-- asked for, then those of all products, or of the category asked for.
DROP FUNCTION IF EXISTS recommendations_tiers(text, text);
CREATE FUNCTION recommendations_tiers(akin_category text, asked_category text)
RETURNS TABLE (tier int, list text, category text, is_akin boolean) LANGUAGE sql IMMUTABLE AS $$
    SELECT * FROM (
        VALUES (1, 'trending', akin_category, true), (2, 'popular', akin_category, true),
               (3, 'trending', coalesce(asked_category, ''), false), (4, 'popular', coalesce(asked_category, ''), false),
               (5, 'counted', asked_category, false)
    ) each_one (tier, list, category, is_akin)
    WHERE category IS NOT NULL ORDER BY tier
$$;

-- The items of a list as JSON, `most` of them: the suggestions that can be bought and, where `filled`, what fills them up.
-- Nothing of `seen` is in what fills up.
DROP FUNCTION IF EXISTS recommendations_items(jsonb, jsonb, text[], int, text, boolean);
CREATE FUNCTION recommendations_items(
    items jsonb, events jsonb, seen text[], most int, of_category text, filled boolean)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    told record;
    akin record;
    tier record;
    chosen record;
    shown text[];
    taken text[];
    reason json;
BEGIN
    SELECT * INTO told FROM recommendations_told(events);
    SELECT coalesce(array_agg(item), '{}') INTO shown FROM (
        SELECT recommendations_item(
                   p.product_id, p.title, p.url, p.image, p.price, p.currency, suggested.score,
                   json_build_object(
                       'kind', coalesce(suggested.kind, told.kinds[suggested.because + 1]),
                       'productId', told.products[suggested.because + 1],
                       'title', told.titles[suggested.because + 1], 'category', NULL),
                   told.traces[suggested.moved + 1]) AS item
        FROM (
            SELECT * FROM ROWS FROM (
                jsonb_to_recordset(items) AS ("productId" text, score float8, because int, moved int, kind text)
            ) WITH ORDINALITY AS each_one (product_id, score, because, moved, kind, place) ORDER BY place
        ) suggested
        CROSS JOIN LATERAL (
            SELECT * FROM recommendations_product product
            WHERE product.product_id = suggested.product_id AND product.available AND NOT product.hidden
                AND (of_category IS NULL OR product.category = of_category)
            LIMIT 1
        ) p
        LIMIT most
    ) in_order;
    IF NOT filled OR cardinality(shown) >= most THEN
        RETURN '[' || array_to_string(shown, ',') || ']';
    END IF;

    taken := seen || ARRAY(SELECT each_one ->> 'productId' FROM jsonb_array_elements(items) each_one);
    SELECT p.product_id, p.title, p.category, p.category_name, known.place INTO akin
    FROM unnest(told.products) WITH ORDINALITY AS known (product_id, place)
    JOIN recommendations_product p ON p.product_id = known.product_id AND NOT p.hidden
    WHERE of_category IS NULL ORDER BY known.place LIMIT 1;
    FOR tier IN SELECT * FROM recommendations_tiers(akin.category, of_category) LOOP
        reason := json_build_object(
            'kind', CASE tier.list WHEN 'trending' THEN 'trending' ELSE 'popular' END,
            'productId', CASE WHEN tier.is_akin THEN akin.product_id END,
            'title', CASE WHEN tier.is_akin THEN akin.title END,
            'category', CASE WHEN tier.is_akin THEN akin.category_name END);
        SELECT coalesce(array_agg(product_id), '{}') AS products, coalesce(array_agg(item), '{}') AS items INTO chosen
        FROM (
            SELECT p.product_id, recommendations_item(
                       p.product_id, p.title, p.url, p.image, p.price, p.currency, ranked.score, reason,
                       CASE WHEN tier.is_akin THEN told.traces[akin.place] END) AS item
            FROM recommendations_ranked(tier.list, tier.category) ranked
            CROSS JOIN LATERAL (
                SELECT * FROM recommendations_product product
                WHERE product.product_id = ranked.product_id AND product.available AND NOT product.hidden
                    AND (tier.category = '' OR product.category = tier.category)
                LIMIT 1
            ) p
            WHERE ranked.product_id <> ALL (taken)
            LIMIT most - cardinality(shown)
        ) in_order;
        shown := shown || chosen.items;
        EXIT WHEN cardinality(shown) >= most;
        taken := taken || chosen.products;
    END LOOP;
    RETURN '[' || array_to_string(shown, ',') || ']';
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
        RETURN QUERY SELECT l.version, l.as_of, l.items, l.events, l.seen::text[], true
            FROM recommendations_visitorlist l WHERE l.visitor_id = asked ->> 'visitor';
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
    shown text;
    most int := asked -> 'limit';
BEGIN
    SELECT * INTO suggested FROM recommendations_suggested(asked);
    IF asked -> 'unlisted' THEN
        shown := recommendations_unlisted(suggested.items, suggested.events, most);
    ELSE
        shown := recommendations_items(
            suggested.items, suggested.events, suggested.seen, most, asked ->> 'category', suggested.filled);
    END IF;
    RETURN '{"type":"recommendations","visitorId":' || coalesce((asked -> 'visitor')::text, 'null')
        || ',"version":' || suggested.version || ',"asOf":"' || recommendations_time(suggested.as_of)
        || '","items":' || shown || '}';
END $$;

-- Bare ids with their scores, known to the site or not.
DROP FUNCTION IF EXISTS recommendations_unlisted(jsonb, jsonb, int);
CREATE FUNCTION recommendations_unlisted(items jsonb, events jsonb, most int) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(json_agg(json_build_object(
        'productId', suggested.item -> 'productId', 'score', suggested.item -> 'score',
        'reason', json_build_object(
            'kind', 'viewed', 'productId', events -> (suggested.item -> 'because')::int -> 'productId'),
        'trace', NULL) ORDER BY suggested.place), '[]')::text
    FROM jsonb_array_elements(items) WITH ORDINALITY AS suggested (item, place)
    WHERE suggested.place <= most
$$;
