-- The scoring formulas, written once: Spark's sink, the push process, the API, rebuild and evaluate call these.
-- Table names carry no schema on purpose: a rebuild runs the same functions on shadow tables by search_path.

SET LOCAL check_function_bodies = off;  -- migrations make the tables that they read, one after another

DROP FUNCTION IF EXISTS recommendations_newest_events(text);
DROP FUNCTION IF EXISTS recommendations_list(text, timestamptz);

-- How many times heavier than at the landmark an event at `moment` is stored (forward decay). Beyond 500 half-lives it
-- stays as it is: what is that old weighs nothing either way, and Postgres refuses what a float cannot hold. The landmark
-- is moved long before that (upkeep.sql). Written with differences of times only: extract() of a time is not immutable for
-- Postgres, and the function would be called instead of inlined.
CREATE OR REPLACE FUNCTION recommendations_growth(moment timestamptz, landmark timestamptz, half_life interval)
RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    exp(ln(2.0::float8) * least(greatest(
        date_part('epoch', moment - landmark) / date_part('epoch', half_life), -500), 500));

-- similarity(a, b) = w_ab / ((n_a + smoothing)^damping (n_b + smoothing)^other_damping), of stored sums that are `times` too
-- heavy: the damped count of a is given as it is, since it is the same for every b.
CREATE OR REPLACE FUNCTION recommendations_damped(count float8, times float8, smoothing float8, exponent float8)
RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN power(count / times + smoothing, exponent);

CREATE OR REPLACE FUNCTION recommendations_similarity(
    weight float8, times float8, damped float8, other_count float8, smoothing float8, other_damping float8
) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    weight / times / (damped * recommendations_damped(other_count, times, smoothing, other_damping));

-- The products most similar to one as of a moment, from the facts: best first, ties by product id.
CREATE OR REPLACE FUNCTION recommendations_similar(product text, moment timestamptz)
RETURNS TABLE (other_id text, score float8) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT pair.other_id,
           recommendations_similarity(pair.positive - pair.negative, given.times, given.damped, other.positive,
               given.smoothing, given.other_damping) AS score
    FROM (
        SELECT grown.times, p.smoothing, p.other_damping,
               recommendations_damped(counted.positive, grown.times, p.smoothing, p.damping) AS damped
        FROM recommendations_parameters p
        CROSS JOIN LATERAL (
            SELECT recommendations_growth(moment, p.landmark, p.half_life) AS times OFFSET 0
        ) grown
        JOIN recommendations_productcount counted ON counted.product_id = product
        OFFSET 0  -- computed once, not for each pair
    ) given
    JOIN recommendations_pair pair ON pair.product_id = product AND pair.positive > pair.negative
    JOIN recommendations_productcount other ON other.product_id = pair.other_id
    ORDER BY score DESC, pair.other_id
    LIMIT (SELECT neighbours FROM recommendations_parameters)
$$;

-- What to recommend to somebody whose newest distinct products are these, newest first; these are left out.
-- score(b) = sum over k of recency^k similarity(a_k, b). `because` and `moved` are places (from 0) in the products
-- given: the one that contributed most, and the newest one that contributed.
-- Without `moment` the similarities are those that Spark stored; with it they are computed from the facts as of then.
CREATE OR REPLACE FUNCTION recommendations_score(products text[], moment timestamptz DEFAULT NULL)
RETURNS TABLE (product_id text, score float8, because int, moved int) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH newest AS (
        SELECT given.product_id, given.place::int - 1 AS place, power(p.recency, given.place - 1) AS share
        FROM recommendations_parameters p,
             unnest(products) WITH ORDINALITY AS given (product_id, place)
        WHERE given.place <= p.recent
    ), contribution AS (
        SELECT similar_to.other_id, newest.place, newest.share * similar_to.score AS part
        FROM newest
        CROSS JOIN LATERAL (
            SELECT stored.other_id, stored.score
            FROM recommendations_similarproducts s,
                 unnest(s.other_ids, s.scores) AS stored (other_id, score)
            WHERE moment IS NULL AND s.product_id = newest.product_id
            UNION ALL
            SELECT computed.other_id, computed.score
            FROM recommendations_similar(newest.product_id, moment) computed
            WHERE moment IS NOT NULL
        ) similar_to
    )
    SELECT other_id, sum(part) AS score, (array_agg(place ORDER BY part DESC, place))[1], min(place)
    FROM contribution
    WHERE other_id <> ALL (products)
    GROUP BY other_id
    ORDER BY score DESC, other_id
    LIMIT (SELECT neighbours FROM recommendations_parameters)
$$;

-- The distinct products of a visitor's joined history, the newest first, each with its newest event as the lists carry
-- it where it is among the newest few. In the order of the log: a visitor's own events by position, several visitors' by
-- the time of appending. `pending` are the visitor's own events after those: what recommendations_unfolded gave.
CREATE OR REPLACE FUNCTION recommendations_looked_at(visitor text, pending jsonb)
RETURNS TABLE (place bigint, product_id text, event jsonb) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT place, product_id,
           CASE WHEN place <= (SELECT recent FROM recommendations_parameters) THEN jsonb_build_object(
               'productId', product_id, 'event', event, 'eventId', event_id, 'topic', topic,
               'partition', partition, 'offset', "offset", 'batchId', batch_id,
               'occurredAt', occurred_at, 'receivedAt', received_at, 'computedAt', computed_at) END
    FROM (
        SELECT row_number() OVER (ORDER BY appended DESC, partition DESC, "offset" DESC, position DESC) AS place, *
        FROM (
            SELECT DISTINCT ON (product_id) *
            FROM (
                SELECT kept.*,
                       max(kept.appended_at) OVER (PARTITION BY joined.visitor_id ORDER BY kept.position) AS appended
                FROM recommendations_joined_visitors(visitor) joined
                CROSS JOIN LATERAL (
                    SELECT position, product_id, event, weight, event_id, topic, partition, "offset", batch_id,
                           occurred_at, received_at, appended_at, computed_at
                    FROM recommendations_visitorevent h
                    WHERE h.visitor_id = joined.visitor_id
                    UNION ALL
                    SELECT position, product_id, event, weight, event_id, topic, partition, "offset", NULL,
                           occurred_at, received_at, appended_at, NULL
                    FROM recommendations_pending_history(pending)
                    WHERE pending <> '[]' AND joined.visitor_id = visitor
                    ORDER BY position DESC LIMIT (SELECT history FROM recommendations_parameters)
                ) kept
            ) history
            WHERE weight > 0
            ORDER BY product_id, appended DESC, partition DESC, "offset" DESC, position DESC
        ) newest
    ) placed
$$;

-- The visitors whose histories are read together with this one's, and this one: those of the same person.
CREATE OR REPLACE FUNCTION recommendations_joined_visitors(visitor text)
RETURNS TABLE (visitor_id text) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT visitor
    UNION ALL
    SELECT other.visitor_id
    FROM recommendations_visitorperson own
    CROSS JOIN LATERAL recommendations_visitors_of_person(own.person_id) other
    WHERE own.visitor_id = visitor AND other.visitor_id <> visitor
$$;

-- A person's visitors who were known by name last: so many that no list takes long, whoever shares a user.
CREATE OR REPLACE FUNCTION recommendations_visitors_of_person(person text)
RETURNS TABLE (visitor_id text) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT p.visitor_id FROM recommendations_visitorperson p WHERE p.person_id = person
    ORDER BY p.appended_at DESC, p.visitor_id LIMIT 20
$$;

-- A visitor's list: the items in order, the events that they come from, and all products that it leaves out.
CREATE OR REPLACE FUNCTION recommendations_list(
    visitor text, moment timestamptz DEFAULT NULL, pending jsonb DEFAULT '[]'
) RETURNS TABLE (items jsonb, events jsonb, seen text[]) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH looked_at AS (
        SELECT coalesce(array_agg(product_id ORDER BY place), '{}') AS products,
               coalesce(jsonb_agg(event ORDER BY place) FILTER (WHERE event IS NOT NULL), '[]') AS events
        FROM recommendations_looked_at(visitor, pending)
    )
    SELECT coalesce((
               SELECT jsonb_agg(jsonb_build_object(
                   'productId', s.product_id, 'score', s.score, 'because', s.because, 'moved', s.moved)
                   ORDER BY s.score DESC, s.product_id)
               FROM recommendations_score(looked_at.products, moment) s), '[]'),
           looked_at.events, looked_at.products
    FROM looked_at
$$;
