-- Who shares a history with whom, and who was erased: each decided by the visitor's own order of the log.

SET LOCAL check_function_bodies = off;  -- they read temporary tables, which are there only once a fold is open

-- Numbers the lives of the batch's erased visitors: a tombstone ends one, and the next begins.
CREATE OR REPLACE FUNCTION recommendations_count_lives() RETURNS void LANGUAGE sql AS $$
    UPDATE ordered_event e SET life = counted.life
    FROM (
        SELECT ordinal, count(*) FILTER (WHERE event_id IS NULL) OVER (PARTITION BY visitor_id ORDER BY ordinal) AS life
        FROM ordered_event
    ) counted
    WHERE counted.ordinal = e.ordinal AND counted.life > 0;

    INSERT INTO erased_visitor (visitor_id, life, version)
    SELECT visitor_id, count(*), recommendations_version(max(appended_at))
    FROM ordered_event WHERE event_id IS NULL GROUP BY visitor_id;
$$;

-- Links each visitor to the person of their newest event that has one. Writes down the persons who gained or lost a
-- visitor, since that changes the lists of their other visitors.
CREATE OR REPLACE FUNCTION recommendations_link_persons() RETURNS void LANGUAGE sql AS $$
    WITH unlinked AS (
        DELETE FROM recommendations_visitorperson known
        WHERE known.visitor_id = ANY (ARRAY(SELECT visitor_id FROM erased_visitor))
        RETURNING visitor_id, person_id
    )
    INSERT INTO touched_person
    SELECT unlinked.person_id, erased.version, true FROM unlinked JOIN erased_visitor erased USING (visitor_id);

    WITH newest AS MATERIALIZED (
        SELECT DISTINCT ON (e.visitor_id) e.visitor_id, e.person_id, e.partition, e."offset", e.appended_at
        FROM ordered_event e LEFT JOIN erased_visitor erased USING (visitor_id)
        WHERE e.fresh AND NOT e.left_out AND e.person_id IS NOT NULL AND e.life = coalesce(erased.life, 0)
        ORDER BY e.visitor_id, e.ordinal DESC
    ), moved AS (
        SELECT newest.person_id, known.person_id AS left_person_id, recommendations_version(newest.appended_at) AS version
        FROM newest LEFT JOIN LATERAL (
            SELECT person_id FROM recommendations_visitorperson p WHERE p.visitor_id = newest.visitor_id LIMIT 1
        ) known ON true
        WHERE known.person_id IS DISTINCT FROM newest.person_id
    ), touched AS (
        INSERT INTO touched_person
        SELECT person_id, version, false FROM moved
        UNION ALL
        SELECT left_person_id, version, false FROM moved WHERE left_person_id IS NOT NULL
    )
    INSERT INTO recommendations_visitorperson AS known (visitor_id, person_id, partition, "offset", appended_at)
    SELECT visitor_id, person_id, partition, "offset", appended_at FROM newest ORDER BY visitor_id
    ON CONFLICT (visitor_id) DO UPDATE
        SET person_id = excluded.person_id, partition = excluded.partition, "offset" = excluded."offset",
            appended_at = excluded.appended_at;
$$;

-- Says of each new row of an erased visitor where their history begins anew, so that it pairs with nothing before.
CREATE OR REPLACE FUNCTION recommendations_part_histories() RETURNS void LANGUAGE sql AS $$
    WITH begun AS MATERIALIZED (
        SELECT e.visitor_id, e.life, min(i.position) AS position
        FROM new_interaction i JOIN ordered_event e USING (partition, "offset")
        WHERE e.life > 0 GROUP BY e.visitor_id, e.life
    ), parted AS (
        UPDATE new_interaction i SET since = begun.position
        FROM begun JOIN ordered_event e USING (visitor_id, life)
        WHERE i.partition = e.partition AND i."offset" = e."offset"
    )
    UPDATE erased_visitor erased SET since = begun.position
    FROM begun WHERE begun.visitor_id = erased.visitor_id AND begun.life = erased.life
$$;

-- Deletes what the erased visitors did before; pairs and counts keep the sums, which name nobody.
CREATE OR REPLACE FUNCTION recommendations_erase_histories() RETURNS void LANGUAGE sql AS $$
    DELETE FROM recommendations_visitorevent h
    WHERE h.visitor_id = ANY (ARRAY(SELECT visitor_id FROM erased_visitor))
        AND (SELECT h.position < since OR since IS NULL FROM erased_visitor e WHERE e.visitor_id = h.visitor_id)
$$;

-- Adds to those whose lists are to be derived the erased, and whoever shares a person with somebody touched.
CREATE OR REPLACE FUNCTION recommendations_touch_joined() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO touched_person
    SELECT known.person_id, t.version, false
    FROM touched_visitor t CROSS JOIN LATERAL (
        SELECT person_id FROM recommendations_visitorperson p WHERE p.visitor_id = t.visitor_id LIMIT 1
    ) known;
    IF NOT EXISTS (SELECT FROM touched_person) AND NOT EXISTS (SELECT FROM erased_visitor) THEN
        RETURN;
    END IF;

    INSERT INTO touched_visitor AS known (visitor_id, version)
    SELECT visitor_id, max(version) FROM (
        SELECT visitor_id, version FROM erased_visitor
        UNION ALL
        SELECT other.visitor_id, person.version
        FROM (SELECT person_id, max(version) AS version FROM touched_person GROUP BY person_id) person
        CROSS JOIN LATERAL recommendations_visitors_of_person(person.person_id) other
    ) joined
    GROUP BY visitor_id
    ON CONFLICT (visitor_id) DO UPDATE SET version = greatest(known.version, excluded.version);

    -- The older visitors of an erased one's person are not derived anew, but may not name what was erased either.
    DELETE FROM recommendations_visitorlist l
    WHERE l.visitor_id = ANY (ARRAY(
        SELECT p.visitor_id FROM touched_person t JOIN recommendations_visitorperson p USING (person_id)
        WHERE t.erased AND NOT EXISTS (SELECT FROM touched_visitor v WHERE v.visitor_id = p.visitor_id)
    ));
END $$;
