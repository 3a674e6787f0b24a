-- A whole list in one statement, as JSON: suggestions, filled up where they are short, joined with the site's products.
--
-- Suggestions are items as `recommendations_visitorlist` stores them: [{"productId", "score", "because", "moved"}], the last
-- two being places (from 0) in the list's events; "kind" stands where the reason is not that of the event, and "where" for the
-- category or the origin that the reason names.

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
               suggested.of_where, p.product_id, p.title, p.url, p.image, p.price, p.currency
        FROM (
            SELECT * FROM ROWS FROM (
                jsonb_to_recordset(items) AS ("productId" text, score float8, because int, moved int, kind text, "where" text)
            ) WITH ORDINALITY AS each_one (product_id, score, because, moved, kind, of_where, place) ORDER BY place
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
               recommendations_reason(coalesce(chosen.kind, because.kind), because.product_id, because.title,
                   chosen.of_where),
               moved.trace) ORDER BY chosen.place), '{}')
    FROM chosen
    LEFT JOIN because ON because.place = chosen.because
    LEFT JOIN moved ON moved.place = chosen.moved
$$;

-- What fills a list up, one after the other: the ranked lists of the newest product's category or, for somebody without a
-- history, of where they came from, unless one category is asked for; then those of all products, or of the category.
DROP FUNCTION IF EXISTS recommendations_tiers(text, text, text);
CREATE FUNCTION recommendations_tiers(akin_category text, origin text, asked_category text)
RETURNS TABLE (tier int, list text, kind text, category text, is_akin boolean) LANGUAGE sql IMMUTABLE AS $$
    SELECT * FROM (
        VALUES (1, 'trending', 'trending', akin_category, true),
               (2, 'popular', 'popular', akin_category, true),
               (3, 'origin', 'origin', origin, false),
               (4, 'trending', 'trending', coalesce(asked_category, ''), false),
               (5, 'popular', 'popular', coalesce(asked_category, ''), false),
               (6, 'counted', 'popular', asked_category, false)
    ) each_one (tier, list, kind, category, is_akin)
    WHERE category IS NOT NULL ORDER BY tier
$$;

-- What fills up, as suggestions with their "tier", `most` that can be bought: nothing of `taken`. With `all_tiers` so
-- many of each.
DROP FUNCTION IF EXISTS recommendations_filling(jsonb, text[], int, text, text, boolean);
CREATE FUNCTION recommendations_filling(
    events jsonb, taken text[], most int, of_category text, origin text, all_tiers boolean DEFAULT false)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    akin record;
    tier record;
    chosen record;
    found jsonb := '[]';
    wanted int := most;
BEGIN
    SELECT p.category, p.category_name, known.place - 1 AS place INTO akin
    FROM jsonb_array_elements(events) WITH ORDINALITY AS known (event, place)
    JOIN recommendations_product p ON p.product_id = known.event ->> 'productId' AND NOT p.hidden
    WHERE of_category IS NULL ORDER BY known.place LIMIT 1;
    FOR tier IN SELECT * FROM recommendations_tiers(akin.category, origin, of_category) LOOP
        SELECT array_agg(product_id) AS products, jsonb_agg(jsonb_build_object(
                   'productId', product_id, 'score', score, 'kind', tier.kind, 'tier', tier.tier,
                   'because', CASE WHEN tier.is_akin THEN akin.place END,
                   'moved', CASE WHEN tier.is_akin THEN akin.place END,
                   'where', CASE WHEN tier.is_akin THEN akin.category_name
                                 WHEN tier.list = 'origin' THEN tier.category END)) AS items INTO chosen
        FROM (
            SELECT ranked.product_id, ranked.score
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
            WHERE ranked.product_id <> ALL (taken)
                AND (tier.list = 'origin' OR tier.category = '' OR p.category = tier.category)
            LIMIT wanted
        ) in_order;
        CONTINUE WHEN chosen.items IS NULL;
        found := found || chosen.items;
        taken := taken || chosen.products;
        IF NOT all_tiers THEN
            wanted := most - jsonb_array_length(found);
            EXIT WHEN wanted <= 0;
        END IF;
    END LOOP;
    RETURN found;
END $$;

-- What the visitor, and whoever is the same person, may buy again: used up, and bought with a rhythm, their own or the
-- product's. `due` is 1 when just that time has passed since, and falls to both sides.
CREATE OR REPLACE FUNCTION recommendations_again(visitor text)
RETURNS TABLE (product_id text, score float8, due float8) LANGUAGE sql STABLE AS $$
    SELECT known.product_id, ln(1 + known.times) * known.due, known.due
    FROM (
        SELECT bought.product_id, bought.times,
               least(bought.waited / rhythm.gap, rhythm.gap / nullif(bought.waited, 0)) AS due
        FROM (
            SELECT b.product_id::text, sum(b.times) AS times,
                   extract(epoch FROM max(b.last_at) - min(b.first_at))::float8 / 86400 AS span,
                   extract(epoch FROM now() - max(b.last_at))::float8 / 86400 AS waited
            FROM recommendations_joined_visitors(visitor) joined
            JOIN recommendations_purchase b ON b.visitor_id = joined.visitor_id AND b.times > 0
            GROUP BY b.product_id
        ) bought
        LEFT JOIN recommendations_productrhythm r ON r.product_id = bought.product_id AND r.gaps > 0
        CROSS JOIN LATERAL (
            SELECT coalesce(CASE WHEN bought.times > 1 AND bought.span >= 0.5 THEN bought.span / (bought.times - 1) END,
                            r.days / r.gaps) AS gap
        ) rhythm
        WHERE rhythm.gap > 0 AND bought.waited > 0
            AND (SELECT p.consumable FROM recommendations_product p WHERE p.product_id = bought.product_id)
    ) known
    ORDER BY 2 DESC, known.product_id
    LIMIT 50
$$;

-- The suggestions with what is due to be bought again: the one that is most so weighs `share` of the best suggestion.
CREATE OR REPLACE FUNCTION recommendations_blended(items jsonb, visitor text, share float8)
RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH again AS MATERIALIZED (
        SELECT product_id, score / max(score) OVER () AS weight FROM recommendations_again(visitor) WHERE due >= 0.5
    ), suggested AS (
        SELECT each_one.item, (each_one.item -> 'score')::float8 AS score, each_one.item ->> 'productId' AS product_id
        FROM jsonb_array_elements(items) AS each_one (item)
    ), best AS (
        SELECT coalesce(max(score), 1) * share AS weight FROM suggested
    )
    SELECT CASE WHEN count(again.product_id) = 0 THEN items ELSE jsonb_agg(
               coalesce(suggested.item, jsonb_build_object('productId', again.product_id, 'kind', 'again'))
               || jsonb_build_object('score', coalesce(suggested.score, 0) + coalesce(again.weight * best.weight, 0))
               ORDER BY coalesce(suggested.score, 0) + coalesce(again.weight * best.weight, 0) DESC,
                        coalesce(suggested.product_id, again.product_id)) END
    FROM best CROSS JOIN (suggested FULL JOIN again USING (product_id))
$$;

-- The suggestions with one new product among the first `places`, so that it gets seen. Which one, and where, follows from
-- the visitor and the version alone: the same list asked for again is the same.
CREATE OR REPLACE FUNCTION recommendations_explored(
    items jsonb, seen text[], visitor text, version bigint, places int
) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT jsonb_insert(items, ARRAY[(hash.of % places)::text], jsonb_build_object(
                   'productId', ranked.product_id, 'kind', 'exploration',
                   'score', coalesce(items -> (hash.of % places)::int -> 'score', to_jsonb(0))))
        FROM (
            SELECT hashtextextended(visitor, version) & 9223372036854775807 AS of, max(rank) AS newest
            FROM recommendations_rankedproduct WHERE kind = 'new' AND category = ''
        ) hash
        JOIN recommendations_rankedproduct ranked
            ON ranked.kind = 'new' AND ranked.category = '' AND ranked.rank = 1 + (hash.of / places) % hash.newest
        WHERE ranked.product_id <> ALL (seen)
            AND NOT items @> jsonb_build_array(jsonb_build_object('productId', ranked.product_id))
    ), items)
$$;

-- Whom a list is for and what is suggested to them. A list that is `filled` is filled up where it is short.
DROP FUNCTION IF EXISTS recommendations_suggested(jsonb);
CREATE FUNCTION recommendations_suggested(asked jsonb)
RETURNS TABLE (version bigint, as_of timestamptz, items jsonb, events jsonb, seen text[], filled boolean)
LANGUAGE plpgsql STABLE ROWS 1 AS $$
DECLARE
    product text := asked ->> 'product';
    moment timestamptz := asked ->> 'asOf';
    newest text[] := ARRAY(SELECT jsonb_array_elements_text(asked -> 'products'));
    named jsonb := jsonb_build_array(jsonb_build_object('productId', product));
BEGIN
    CASE asked ->> 'list'
    WHEN 'visitor' THEN
        RETURN QUERY SELECT l.version, l.as_of, l.items, l.events, l.seen, true
            FROM recommendations_stored_list(asked ->> 'visitor') l;
    WHEN 'composed' THEN  -- the caller's own: a list that is not stored yet
        RETURN QUERY SELECT (asked ->> 'version')::bigint, moment, asked -> 'items', asked -> 'events',
            ARRAY(SELECT jsonb_array_elements_text(asked -> 'seen')), true;
    WHEN 'again' THEN
        RETURN QUERY SELECT coalesce(recommendations_list_version(asked ->> 'visitor'), 0), now(), jsonb_agg(jsonb_build_object(
                'productId', again.product_id, 'score', again.score, 'kind', 'again')
                ORDER BY again.score DESC, again.product_id), '[]'::jsonb, '{}'::text[], false
            FROM recommendations_again(asked ->> 'visitor') again;
    WHEN 'recent' THEN
        RETURN QUERY SELECT l.version, l.as_of, jsonb_agg(jsonb_build_object(
                'productId', known.id, 'score', 0, 'kind', 'recent', 'moved', known.place - 1) ORDER BY known.place),
                l.events, '{}'::text[], false
            FROM recommendations_stored_list(asked ->> 'visitor') l, unnest(l.seen) WITH ORDINALITY AS known (id, place)
            GROUP BY l.version, l.as_of, l.events;
    WHEN 'products' THEN
        RETURN QUERY SELECT 0::bigint, coalesce(moment, now()), jsonb_agg(jsonb_build_object(
                    'productId', s.product_id, 'score', s.score, 'because', s.because, 'moved', s.moved)
                    ORDER BY s.score DESC, s.product_id),
                (SELECT jsonb_agg(jsonb_build_object('productId', product_id)) FROM unnest(newest) product_id), newest, true
            FROM recommendations_score(newest, moment) s;
    WHEN 'similar' THEN
        RETURN QUERY SELECT 0::bigint, s.as_of,
                (SELECT jsonb_agg(jsonb_build_object('productId', other.id, 'score', other.score, 'because', 0)
                            ORDER BY other.place)
                 FROM unnest(s.other_ids, s.scores) WITH ORDINALITY AS other (id, score, place)),
                named, ARRAY[product], false
            FROM recommendations_similarproducts s WHERE s.product_id = product;
    WHEN 'together' THEN
        RETURN QUERY SELECT 0::bigint, now(), jsonb_agg(jsonb_build_object(
                    'productId', other.other_id, 'score', other.score, 'because', 0, 'kind', 'together')
                    ORDER BY other.score DESC, other.other_id), named, ARRAY[product], false
            FROM recommendations_together(product, now()) other;
    WHEN 'new' THEN
        RETURN QUERY SELECT 0::bigint, now(), jsonb_agg(jsonb_build_object(
                    'productId', p.product_id, 'score', 0, 'kind', 'new') ORDER BY p.added_at DESC, p.product_id),
                '[]'::jsonb, '{}'::text[], false
            FROM (
                SELECT each_one.product_id, each_one.added_at FROM recommendations_product each_one
                WHERE each_one.available AND NOT each_one.hidden AND each_one.added_at <= now()
                    AND (asked ->> 'category' IS NULL OR each_one.category = asked ->> 'category')
                ORDER BY each_one.added_at DESC, each_one.product_id LIMIT 100
            ) p;
    WHEN 'trending' THEN
        RETURN QUERY SELECT 0::bigint, now(), '[]'::jsonb, '[]'::jsonb, '{}'::text[], true;
    END CASE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 0::bigint, now(), '[]'::jsonb, '[]'::jsonb, '{}'::text[], asked ->> 'list' = 'visitor';
    END IF;
END $$;

-- The same for a visitor, with what is due again and, once in so many places, something new, and without what they bought
-- and still have. An experiment may name another
-- model: that scores what the visitor looked at, and the visitor stays the live model's.
DROP FUNCTION IF EXISTS recommendations_personal(jsonb);
CREATE FUNCTION recommendations_personal(
    asked jsonb,
    OUT version bigint, OUT as_of timestamptz, OUT items jsonb, OUT events jsonb, OUT seen text[], OUT filled boolean
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    visitor text := asked ->> 'visitor';
    own record;
    owned text[] := '{}';
    path text := current_setting('search_path');
    other text;
BEGIN
    SELECT * INTO version, as_of, items, events, seen, filled FROM recommendations_suggested(asked);
    IF asked ->> 'model' <> '' THEN
        other := (
            SELECT model.schema FROM recommendations_model model
            WHERE model.name = asked ->> 'model' AND model.name <> 'live' AND model.state = 'ready');
    END IF;
    IF other IS NOT NULL THEN
        PERFORM set_config('search_path', quote_ident(other) || ', ' || path, true);
        items := (
            SELECT jsonb_agg(jsonb_build_object('productId', s.product_id, 'score', s.score,
                       'because', s.because, 'moved', s.moved) ORDER BY s.score DESC, s.product_id)
            FROM recommendations_score(seen) s);
        PERFORM set_config('search_path', path, true);
    END IF;
    items := coalesce(items, '[]');
    SELECT coalesce((asked -> 'parameters' ->> 'again')::float8, p.again) AS again,
           coalesce((asked -> 'parameters' ->> 'exploration')::int, p.exploration) AS exploration INTO own
    FROM recommendations_parameters p;
    IF EXISTS (
        SELECT FROM recommendations_joined_visitors(visitor) joined
        JOIN recommendations_purchase bought ON bought.visitor_id = joined.visitor_id
    ) THEN
        owned := recommendations_owned(visitor);
        IF own.again > 0 THEN
            items := recommendations_blended(items, visitor, own.again);
        END IF;
    END IF;
    IF owned <> '{}' THEN
        seen := seen || owned;  -- so that nothing fills the list up with it, or puts it in as new
        items := (
            SELECT coalesce(jsonb_agg(suggested.item ORDER BY suggested.place), '[]')
            FROM jsonb_array_elements(items) WITH ORDINALITY AS suggested (item, place)
            WHERE suggested.item ->> 'productId' <> ALL (owned));
    END IF;
    IF own.exploration > 0 THEN
        items := recommendations_explored(items, seen, visitor, version, own.exploration);
    END IF;
END $$;

-- The list that is asked for, whole: {"list", "visitor" | "product" | "products", "limit", "category", "asOf", "unlisted"},
-- with "ruleSet", "model" and "parameters" where an experiment names them, and "rules" instead of those that hold.
DROP FUNCTION IF EXISTS recommendations_serve(jsonb);
CREATE FUNCTION recommendations_serve(asked jsonb) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    list text := CASE asked ->> 'list' WHEN 'composed' THEN 'visitor' ELSE asked ->> 'list' END;
    most int := asked -> 'limit';
    of_category text := asked ->> 'category';
    suggested record;
    rules jsonb;
    shown text[];
BEGIN
    IF list = 'visitor' THEN
        suggested := recommendations_personal(asked);
    ELSE
        SELECT * INTO suggested FROM recommendations_suggested(asked);
    END IF;
    suggested.items := coalesce(suggested.items, '[]');
    IF asked -> 'unlisted' THEN
        shown := recommendations_unlisted(suggested.items, suggested.events, most);
    ELSE
        rules := coalesce(asked -> 'rules', recommendations_active_rules(list, asked ->> 'ruleSet'));
        IF rules <> '[]' THEN
            suggested.items := recommendations_by_the_rules(asked, to_jsonb(suggested), rules);
            suggested.filled := false;
        END IF;
        shown := recommendations_sellable(suggested.items, suggested.events, most, of_category);
        IF suggested.filled AND cardinality(shown) < most THEN
            shown := shown || recommendations_sellable(
                recommendations_filling(
                    suggested.events,
                    suggested.seen || ARRAY(SELECT item ->> 'productId' FROM jsonb_array_elements(suggested.items) item),
                    most - cardinality(shown), of_category, recommendations_origin_of(asked, suggested.events)),
                suggested.events, most - cardinality(shown), of_category);
        END IF;
    END IF;
    RETURN '{"type":"recommendations","visitorId":' || coalesce((asked -> 'visitor')::text, 'null')
        || ',"version":' || suggested.version || ',"asOf":"' || recommendations_time(suggested.as_of)
        || '","items":[' || array_to_string(shown, ',') || ']}';
END $$;

-- Where a visitor without a history came from; null for everybody else.
CREATE OR REPLACE FUNCTION recommendations_origin_of(asked jsonb, events jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN events = '[]' AND asked ? 'visitor' AND asked ->> 'category' IS NULL THEN (
        SELECT origin FROM recommendations_visitororigin WHERE visitor_id = asked ->> 'visitor') END
$$;

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
