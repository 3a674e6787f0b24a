-- What the operator's rules make of a list: applied to its candidates here, so that no list is fetched to be filtered.
--
-- A rule is an object as `recommendations_rule` has its columns. It selects products by name or category, and by price;
-- "bought" and "in_basket" select what the visitor has bought and what is in their basket. By kind:
--   hide       what it selects is left out            only       what it does not select is left out
--   boost      the score of what it selects is multiplied by "factor"; below 1 it buries
--   pin        its products stand at "place" and the places after it
--   diversity  no more than "most" of a category      band       no other price than "price_from" to "price_to" times that
--                                                                of the newest product
-- Scores are compared within their source only: what fills a list up stays behind what was suggested. Where a list has no
-- scores its places weigh.

SET LOCAL check_function_bodies = off;  -- they read a view that is made after the migrations

-- The rules that hold now for a list: those of everybody, and those of one set where the visitor's experiment names one.
CREATE OR REPLACE FUNCTION recommendations_active_rules(list text, rule_set text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(to_jsonb(rule) ORDER BY rule.id), '[]')
    FROM recommendations_rule rule
    WHERE rule.is_active AND (rule.lists = '{}' OR list = ANY (rule.lists))
        AND rule.in_set IN ('', rule_set)
        AND (rule.starts_at IS NULL OR rule.starts_at <= now()) AND (rule.ends_at IS NULL OR rule.ends_at > now())
$$;

-- What a visitor, and whoever is the same person, has bought.
CREATE OR REPLACE FUNCTION recommendations_bought(visitor text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(DISTINCT bought.product_id::text), '{}')
    FROM recommendations_joined_visitors(visitor) joined
    JOIN recommendations_purchase bought ON bought.visitor_id = joined.visitor_id AND bought.times > 0
$$;

-- Of these what lasts: nobody is suggested a second one of it.
CREATE OR REPLACE FUNCTION recommendations_owned(visitor text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(bought.product_id), '{}')
    FROM unnest(recommendations_bought(visitor)) AS bought (product_id)
    JOIN recommendations_product p ON p.product_id = bought.product_id AND NOT p.consumable
$$;

-- What is in their baskets: of the events that put in, take out or buy, the newest on the product put it in.
CREATE OR REPLACE FUNCTION recommendations_in_basket(visitor text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(product_id) FILTER (WHERE weight > 0 AND purchase = 0), '{}')
    FROM (
        SELECT DISTINCT ON (h.product_id) h.product_id::text, h.weight, w.purchase
        FROM recommendations_joined_visitors(visitor) joined
        JOIN recommendations_visitorevent h ON h.visitor_id = joined.visitor_id
        JOIN recommendations_eventweight w ON w.event = h.event AND w.basket
        ORDER BY h.product_id, h.appended_at DESC, h.position DESC
    ) newest
$$;

-- What becomes of each candidate: its place in the list, or null and the rules that left it out; the rules that moved it.
-- Candidates are suggestions with a "tier" besides. `visitor` holds {"bought": [], "basket": [], "newest": productId}.
DROP FUNCTION IF EXISTS recommendations_ruled(jsonb, jsonb, jsonb, text);
CREATE FUNCTION recommendations_ruled(candidates jsonb, rules jsonb, visitor jsonb, of_category text)
RETURNS TABLE (
    place bigint, before bigint, product_id text, item jsonb, left_out bigint[], weighed bigint[], pinned bigint
) LANGUAGE sql STABLE AS $$
    WITH rule AS MATERIALIZED (
        SELECT r.*, coalesce(cardinality(r.products), 0) + coalesce(cardinality(r.categories), 0) > 0 AS names_some,
               r.price_from IS NOT NULL OR r.price_to IS NOT NULL AS names_price
        FROM jsonb_to_recordset(rules) AS r (
            id bigint, kind text, products text[], categories text[], price_from numeric, price_to numeric,
            bought boolean, in_basket boolean, factor float8, place int, most int)
    ), newest AS MATERIALIZED (
        SELECT price FROM recommendations_product WHERE product_id = visitor ->> 'newest' AND NOT hidden
    ), pin AS MATERIALIZED (
        SELECT DISTINCT ON (pinned.id) pinned.id AS product_id, rule.id AS rule, rule.place + pinned.number - 1 AS place
        FROM rule, unnest(rule.products) WITH ORDINALITY AS pinned (id, number)
        WHERE rule.kind = 'pin' ORDER BY pinned.id, rule.id
    ), candidate AS MATERIALIZED (
        SELECT DISTINCT ON (given.product_id)
               given.item, given.product_id, given.tier, given.number, given.score, pin.rule AS pinned, pin.place AS wanted,
               p.category, p.price
        FROM (
            SELECT each_one.item, each_one.item ->> 'productId' AS product_id,
                   coalesce((each_one.item -> 'tier')::int, 0) AS tier, each_one.number,
                   (each_one.item -> 'score')::float8 AS score
            FROM jsonb_array_elements(candidates) WITH ORDINALITY AS each_one (item, number)
            UNION ALL
            SELECT jsonb_build_object('productId', pin.product_id, 'score', 0, 'kind', 'pinned'), pin.product_id, 100,
                   NULL, 0
            FROM pin WHERE NOT visitor -> 'own' ? pin.product_id
        ) given
        JOIN recommendations_product p ON p.product_id = given.product_id AND p.available AND NOT p.hidden
        LEFT JOIN pin ON pin.product_id = given.product_id
        WHERE of_category IS NULL OR p.category = of_category
        ORDER BY given.product_id, given.tier, given.number
    ), judged AS MATERIALIZED (
        SELECT candidate.*, effect.left_out, effect.weighed,
               coalesce(nullif(candidate.score, 0), 1.0 / candidate.number) * effect.factor AS weight
        FROM candidate CROSS JOIN LATERAL (
            SELECT array_agg(rule.id) FILTER (WHERE CASE rule.kind
                       WHEN 'hide' THEN ((names_some OR names_price) AND selected)
                           OR (rule.bought AND visitor -> 'bought' ? candidate.product_id)
                           OR (rule.in_basket AND visitor -> 'basket' ? candidate.product_id)
                       WHEN 'only' THEN NOT selected
                       WHEN 'band' THEN candidate.price NOT BETWEEN
                           coalesce(rule.price_from, 0) * newest_price AND coalesce(rule.price_to, 1e9) * newest_price
                       END) AS left_out,
                   array_agg(rule.id) FILTER (WHERE rule.kind = 'boost' AND selected) AS weighed,
                   coalesce(exp(sum(ln(rule.factor)) FILTER (WHERE rule.kind = 'boost' AND selected)), 1) AS factor
            FROM rule
            CROSS JOIN LATERAL (SELECT (SELECT price FROM newest) AS newest_price,
                (NOT names_some OR candidate.product_id = ANY (rule.products) OR candidate.category = ANY (rule.categories))
                AND candidate.price >= coalesce(rule.price_from, 0)
                AND (rule.price_to IS NULL OR candidate.price <= rule.price_to) AS selected) selection
        ) effect
    ), in_order AS (
        SELECT judged.*,
               row_number() OVER (ORDER BY judged.tier, judged.number) AS before,
               row_number() OVER (PARTITION BY judged.left_out IS NULL
                   ORDER BY judged.pinned IS NULL, judged.wanted, judged.tier, judged.weight DESC, judged.number) AS rank
        FROM judged
    ), spread AS (
        SELECT counted.*, CASE WHEN counted.left_out IS NULL AND counted.pinned IS NULL THEN (
                   SELECT array_agg(rule.id) FROM rule
                   WHERE rule.kind = 'diversity' AND counted.alike > rule.most
                       AND (coalesce(cardinality(rule.categories), 0) = 0 OR counted.category = ANY (rule.categories))
               ) END AS crowded
        FROM (
            SELECT *, count(*) OVER (PARTITION BY left_out IS NULL, category ORDER BY rank) AS alike FROM in_order
        ) counted
    ), kept AS (
        SELECT product_id, pinned,
               CASE WHEN pinned IS NOT NULL
                    THEN max(wanted - rank) OVER (PARTITION BY pinned IS NULL ORDER BY rank) + rank END AS slot,
               row_number() OVER (PARTITION BY pinned IS NULL ORDER BY rank) AS number
        FROM spread WHERE left_out IS NULL AND crowded IS NULL
    ), free AS (
        SELECT slot, row_number() OVER (ORDER BY slot) AS number
        FROM generate_series(1, (SELECT count(*) + coalesce(max(kept.slot), 0) FROM kept)) slot
        WHERE slot NOT IN (SELECT kept.slot FROM kept WHERE kept.slot IS NOT NULL)
    ), placed AS (
        SELECT kept.product_id, row_number() OVER (ORDER BY coalesce(kept.slot, free.slot)) AS place
        FROM kept LEFT JOIN free ON kept.slot IS NULL AND free.number = kept.number
    )
    SELECT placed.place, spread.before, spread.product_id, spread.item,
           coalesce(spread.left_out, spread.crowded), spread.weighed, spread.pinned
    FROM spread LEFT JOIN placed USING (product_id)
    ORDER BY placed.place, spread.before
$$;

-- What the rules say of everything that a list could hold. `suggested` is a row of recommendations_suggested.
DROP FUNCTION IF EXISTS recommendations_effects(jsonb, jsonb, jsonb, boolean);
CREATE FUNCTION recommendations_effects(asked jsonb, suggested jsonb, rules jsonb, with_filling boolean)
RETURNS TABLE (
    place bigint, before bigint, product_id text, item jsonb, left_out bigint[], weighed bigint[], pinned bigint
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    visitor text := asked ->> 'visitor';
    seen text[] := ARRAY(SELECT jsonb_array_elements_text(suggested -> 'seen'));
    candidates jsonb := suggested -> 'items';
BEGIN
    IF with_filling THEN
        candidates := candidates || recommendations_filling(
            suggested -> 'events', seen || ARRAY(SELECT each_one ->> 'productId' FROM jsonb_array_elements(candidates) each_one),
            100, asked ->> 'category', recommendations_origin_of(asked, suggested -> 'events'), true);
    END IF;
    RETURN QUERY SELECT * FROM recommendations_ruled(
        candidates, rules,
        jsonb_build_object(
            'own', to_jsonb(seen), 'newest', suggested -> 'events' -> 0 -> 'productId',
            'bought', CASE WHEN rules @> '[{"bought": true}]' THEN to_jsonb(recommendations_bought(visitor)) ELSE '[]' END,
            'basket', CASE WHEN rules @> '[{"in_basket": true}]' THEN to_jsonb(recommendations_in_basket(visitor))
                           ELSE '[]' END),
        asked ->> 'category');
END $$;

-- The suggestions that the rules leave, in their order; with what fills up where they leave too few.
CREATE OR REPLACE FUNCTION recommendations_by_the_rules(asked jsonb, suggested jsonb, rules jsonb)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    most int := asked -> 'limit';
    kept jsonb;
    with_filling boolean;
BEGIN
    FOREACH with_filling IN ARRAY ARRAY[false, true] LOOP
        SELECT coalesce(jsonb_agg(effect.item ORDER BY effect.place), '[]') INTO kept
        FROM recommendations_effects(asked, suggested, rules, with_filling) effect WHERE effect.place <= most;
        EXIT WHEN jsonb_array_length(kept) >= most OR NOT (suggested -> 'filled')::boolean;
    END LOOP;
    RETURN kept;
END $$;

-- What each rule would do to the list that is asked for: every product that is moved, left out or put in.
DROP FUNCTION IF EXISTS recommendations_preview(jsonb, jsonb);
CREATE FUNCTION recommendations_preview(asked jsonb, rules jsonb)
RETURNS TABLE (product_id text, left_out bigint[], weighed bigint[], pinned bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
    suggested jsonb;
BEGIN
    IF asked ->> 'list' = 'visitor' THEN
        suggested := to_jsonb(recommendations_personal(asked));
    ELSE
        SELECT to_jsonb(row) INTO suggested FROM recommendations_suggested(asked) row;
    END IF;
    RETURN QUERY SELECT effect.product_id, effect.left_out, effect.weighed, effect.pinned
        FROM recommendations_effects(
            asked, jsonb_set(suggested, '{items}', coalesce(nullif(suggested -> 'items', 'null'), '[]')), rules,
            (suggested -> 'filled')::boolean) effect
        WHERE effect.left_out IS NOT NULL OR effect.weighed IS NOT NULL OR effect.pinned IS NOT NULL
        ORDER BY effect.before;
END $$;
