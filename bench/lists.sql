-- A shop of 100,000 products in 400 categories, whose lists 1,000,000 visitors have: what `bench/lists.py` reads.
INSERT INTO shop_category (slug, name, department, description, position, hue, shape, colour)
SELECT 'category-' || n, 'Category ' || n, 'Department ' || n / 40, '', 0, n % 360, 'mug', 'ink' FROM generate_series(0, 399) n;

INSERT INTO shop_product (product_id, category_id, name, brand, description, attributes, price, stock, hidden, created_at,
                          shape, colour, pattern, width, height)
SELECT 'product-' || n, category.id, 'Product with an ordinary name ' || n, 'Weir', 'About it.', '[]', 5 + n % 200,
       CASE WHEN n % 20 = 0 THEN 0 ELSE 9 END, n % 100 = 1, now() - n * interval '10 minutes', 'mug', 'ink', 'plain', 1, 0.95
FROM generate_series(0, 99999) n JOIN shop_category category ON category.slug = 'category-' || (n * 7919) % 400;

INSERT INTO recommendations_productcount (product_id, positive, negative, baskets)
SELECT 'product-' || n, 100000.0 / (1 + n), 0, 1 FROM generate_series(0, 99999) n;

INSERT INTO recommendations_similarproducts (product_id, as_of, other_ids, scores)
SELECT 'product-' || n, now(), array_agg('product-' || (n + k * k * 31 + 1) % 100000 ORDER BY k),
       array_agg(0.3 / k ORDER BY k)
FROM generate_series(0, 99999) n, generate_series(1, 50) k GROUP BY n;

INSERT INTO recommendations_purchase (visitor_id, product_id, times, first_at, last_at)
SELECT 'visitor-' || n, 'product-' || (n * 31 + k * 17) % 100000, 1 + k % 3, now() - interval '90 days', now() - interval '20 days'
FROM generate_series(0, 999999, 10) n, generate_series(1, 5) k;

-- Lists of every length of history, the same again for each hundredth visitor.
CREATE TEMP TABLE composed AS
SELECT n, list.items, list.events, list.seen
FROM generate_series(0, 9999) n CROSS JOIN LATERAL (
    SELECT (SELECT jsonb_agg(jsonb_build_object(
                       'productId', 'product-' || (n * 97 + k * 1009) % 100000, 'score', 0.4 / k,
                       'because', least(n % 10, k * 7 % 8 / 3), 'moved', least(n % 10, k * 5 % 7 / 6)) ORDER BY k)
            FROM generate_series(1, 50) k) AS items,
           jsonb_agg(jsonb_build_object(
               'productId', 'product-' || (n * 13 + e * 577) % 100000, 'event', 'Product Viewed',
               'eventId', gen_random_uuid(), 'topic', 'activity', 'partition', n % 6, 'offset', n * 100 + e,
               'batchId', n, 'occurredAt', now(), 'receivedAt', now(), 'computedAt', now()) ORDER BY e) AS events,
           array_agg('product-' || (n * 13 + e * 577) % 100000 ORDER BY e) AS seen
    FROM generate_series(0, n % 10) e
) list;

INSERT INTO recommendations_visitorlist (visitor_id, version, as_of, items, events, seen)
SELECT 'visitor-' || hundredth * 10000 + n, 1790000000000 + n, now(), items, events, seen
FROM composed, generate_series(0, 99) hundredth;

SELECT recommendations_refresh_ranked(now(), 300), recommendations_refresh_categories(now(), 100);
