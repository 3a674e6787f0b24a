-- What is the same for everybody: trending (the rate now against the product's own past), popular, and new.

SET LOCAL check_function_bodies = off;  -- they read a view that is made after the migrations

DROP FUNCTION IF EXISTS recommendations_trending(timestamptz, int);
DROP FUNCTION IF EXISTS recommendations_refresh_ranked(timestamptz, int);

-- Trending compares the weight of this hour and the one before with what the seven days before them let expect.
-- The floor keeps out products with a handful of events; the prior keeps a product without a past from winning on one.
CREATE OR REPLACE FUNCTION recommendations_trending(moment timestamptz)
RETURNS TABLE (product_id text, score float8) LANGUAGE sql STABLE AS $$
    WITH frame AS (
        SELECT date_trunc('hour', moment, 'UTC') - interval '1 hour' AS since,
               extract(epoch FROM moment - date_trunc('hour', moment, 'UTC') + interval '1 hour') / 3600 AS hours,
               3.0::float8 AS floor
    ), recent AS (
        SELECT h.product_id, sum(h.weight) AS weight
        FROM recommendations_producthour h, frame WHERE h.hour >= frame.since AND h.hour <= moment
        GROUP BY h.product_id
    ), past AS (
        SELECT h.product_id, sum(h.weight) / 168 AS hourly
        FROM recommendations_producthour h, frame
        WHERE h.hour < frame.since AND h.hour >= frame.since - interval '168 hours'
        GROUP BY h.product_id
    )
    SELECT recent.product_id, recent.weight / (coalesce(past.hourly, 0) * frame.hours + frame.floor) AS score
    FROM recent CROSS JOIN frame LEFT JOIN past USING (product_id)
    WHERE recent.weight >= frame.floor
$$;

-- Writes anew what is trending and popular among all products, and what is new. Readers see the old ones until it commits.
CREATE OR REPLACE FUNCTION recommendations_refresh_ranked(moment timestamptz, most int)
RETURNS void LANGUAGE sql AS $$
    DELETE FROM recommendations_rankedproduct WHERE category = '';
    INSERT INTO recommendations_rankedproduct (kind, category, rank, product_id, score, as_of)
    SELECT 'trending', '', row_number() OVER (ORDER BY score DESC, product_id), product_id, score, moment
    FROM recommendations_trending(moment) ORDER BY score DESC, product_id LIMIT most;
    INSERT INTO recommendations_rankedproduct (kind, category, rank, product_id, score, as_of)
    SELECT 'popular', '', row_number() OVER (ORDER BY positive DESC, product_id), product_id,
           positive / recommendations_growth(moment, p.landmark, p.half_life), moment
    FROM recommendations_productcount, recommendations_parameters p
    WHERE positive > 0
    ORDER BY positive DESC, product_id
    LIMIT most;
    INSERT INTO recommendations_rankedproduct (kind, category, rank, product_id, score, as_of)
    SELECT 'new', '', row_number() OVER (ORDER BY added_at DESC, product_id), product_id, 0, moment
    FROM recommendations_product
    WHERE available AND NOT hidden AND added_at BETWEEN moment - interval '30 days' AND moment
    ORDER BY added_at DESC, product_id
    LIMIT most;
$$;

-- The same of each category: so many of each, so that no read has to look through all products.
CREATE OR REPLACE FUNCTION recommendations_refresh_categories(moment timestamptz, most int)
RETURNS void LANGUAGE sql AS $$
    DELETE FROM recommendations_rankedproduct WHERE category <> '' AND kind <> 'origin';
    INSERT INTO recommendations_rankedproduct (kind, category, rank, product_id, score, as_of)
    SELECT kind, category, rank, product_id, score, moment
    FROM (
        SELECT kind, product.category, ranked.product_id, ranked.score,
               row_number() OVER (PARTITION BY kind, product.category ORDER BY ranked.score DESC, ranked.product_id) AS rank
        FROM (
            SELECT 'trending' AS kind, product_id, score FROM recommendations_trending(moment)
            UNION ALL
            SELECT 'popular', product_id, positive / recommendations_growth(moment, p.landmark, p.half_life)
            FROM recommendations_productcount, recommendations_parameters p WHERE positive > 0
        ) ranked
        JOIN recommendations_product product ON product.product_id = ranked.product_id
        WHERE product.available AND NOT product.hidden AND product.category <> ''
    ) of_category
    WHERE rank <= most
$$;
