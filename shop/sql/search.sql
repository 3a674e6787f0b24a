-- What is searched: one entry a product, and every word that the catalogue uses, to mend misspelt ones from.
-- Triggers keep both, so that a product can be found by what was written, by whatever means.

-- Each word as it stands and as English stems it, so that "mugs" finds a mug and a name in any language finds itself.
CREATE OR REPLACE FUNCTION shop_lexemes(said text) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE RETURN
    to_tsvector('english', unaccent(said)) || to_tsvector('simple', unaccent(said));

-- A name weighs most, then brand and category, then what it is made of, then how it is praised.
CREATE OR REPLACE FUNCTION shop_index(products bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO shop_searchentry (product_id, words)
    SELECT product.id,
        setweight(shop_lexemes(product.name) || array_to_tsvector(ARRAY[lower(product.product_id)]), 'A')
        || setweight(shop_lexemes(concat_ws(' ', product.brand, category.name)), 'B')
        || setweight(shop_lexemes(product.attributes #>> '{}'), 'C')
        || setweight(shop_lexemes(product.description), 'D')
    FROM shop_product product JOIN shop_category category ON category.id = product.category_id
    WHERE product.id = ANY (products)
    ON CONFLICT (product_id) DO UPDATE SET words = excluded.words;

    -- In one order, so that two imports that bring the same words wait for each other and do not lock each other out.
    INSERT INTO shop_searchword (word)
    SELECT DISTINCT split.word
    FROM shop_product product JOIN shop_category category ON category.id = product.category_id,
    regexp_split_to_table(
        lower(unaccent(concat_ws(' ', product.name, product.brand, category.name, product.attributes #>> '{}'))), '[^a-z]+'
    ) AS split (word)
    WHERE product.id = ANY (products) AND length(split.word) BETWEEN 3 AND 40
        AND NOT EXISTS (SELECT FROM shop_searchword known WHERE known.word = split.word)
    ORDER BY split.word
    ON CONFLICT DO NOTHING;
$$;

CREATE OR REPLACE FUNCTION shop_products_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM shop_index((SELECT array_agg(id) FROM written));
    RETURN NULL;
END $$;

-- Most changes are of stock, and say nothing new.
CREATE OR REPLACE FUNCTION shop_products_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reworded bigint[] := (
        SELECT array_agg(now.id) FROM written now JOIN before ON before.id = now.id
        WHERE (now.name, now.product_id, now.brand, now.category_id, now.attributes, now.description)
            IS DISTINCT FROM
            (before.name, before.product_id, before.brand, before.category_id, before.attributes, before.description)
    );
BEGIN
    IF reworded IS NOT NULL THEN
        PERFORM shop_index(reworded);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION shop_products_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM shop_searchentry entry USING gone WHERE entry.product_id = gone.id;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION shop_category_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM shop_index((SELECT array_agg(id) FROM shop_product WHERE category_id = NEW.id));
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER shop_products_added AFTER INSERT ON shop_product
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION shop_products_added();
CREATE OR REPLACE TRIGGER shop_products_changed AFTER UPDATE ON shop_product
    REFERENCING OLD TABLE AS before NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION shop_products_changed();
CREATE OR REPLACE TRIGGER shop_products_gone AFTER DELETE ON shop_product
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION shop_products_gone();
CREATE OR REPLACE TRIGGER shop_category_changed AFTER UPDATE OF name ON shop_category
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION shop_category_renamed();

-- One word of a query: its stem, itself, or what begins with it. NULL for what is no word ("%") or says nothing ("the").
CREATE OR REPLACE FUNCTION shop_word_query(word text) RETURNS tsquery LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN numnode(stemmed) > 0 THEN stemmed || plainto_tsquery('simple', word)
        || CASE
            WHEN word ~ '^\w+$' THEN to_tsquery('simple', quote_literal(word) || ':*')
            WHEN word ~ '^[\w-]+$' THEN quote_literal(word)::tsquery  -- an article's number
            ELSE stemmed
        END
    END
    FROM plainto_tsquery('english', word) stemmed
$$;

-- Every word of it is asked for; NULL where it has none.
CREATE OR REPLACE FUNCTION shop_query(said text) RETURNS tsquery LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    word text;
    one tsquery;
    every tsquery;
BEGIN
    FOREACH word IN ARRAY regexp_split_to_array(trim(lower(unaccent(said))), '\s+') LOOP
        one := shop_word_query(word);
        every := CASE WHEN every IS NULL THEN one WHEN one IS NULL THEN every ELSE every && one END;
    END LOOP;
    RETURN every;
END $$;

-- The letters of a word in the order of the alphabet.
CREATE OR REPLACE FUNCTION shop_letters(word text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_agg(letter, '' ORDER BY letter) FROM regexp_split_to_table(word, '') letter
$$;

-- What a misspelt word was most likely meant to be: the catalogue's nearest word that finds a product; NULL where none is
-- near. Two letters that changed places count as one slip, and a slip in the first letter is the least likely.
CREATE OR REPLACE FUNCTION shop_nearest_word(meant text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH near AS (
        SELECT word, away - (shop_letters(word) = shop_letters(meant))::int AS slips
        FROM shop_searchword, levenshtein_less_equal(word, meant, 4) AS away
        WHERE length(word) BETWEEN length(meant) - 3 AND length(meant) + 3 AND away <= 4
    )
    SELECT word FROM near
    WHERE slips <= CASE WHEN length(meant) < 5 THEN 1 WHEN length(meant) < 8 THEN 2 ELSE 3 END
        AND EXISTS (
            SELECT FROM shop_searchentry entry JOIN shop_product product ON product.id = entry.product_id
            WHERE entry.words @@ plainto_tsquery('simple', word) AND NOT product.hidden
        )
    ORDER BY slips, left(word, 1) <> left(meant, 1), right(word, 1) <> right(meant, 1), similarity(word, meant) DESC, word
    LIMIT 1
$$;

-- The query with each word that finds nothing replaced by the nearest that finds something; as it was where none is near.
CREATE OR REPLACE FUNCTION shop_mended(said text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT string_agg(CASE
        WHEN word !~ '^[a-z]{3,40}$' OR place > 8 THEN word
        WHEN EXISTS (
            SELECT FROM shop_searchentry entry JOIN shop_product product ON product.id = entry.product_id
            WHERE entry.words @@ shop_word_query(word) AND NOT product.hidden
        ) THEN word
        ELSE coalesce(shop_nearest_word(word), word) END, ' ' ORDER BY place)
    FROM regexp_split_to_table(trim(lower(unaccent(said))), '\s+') WITH ORDINALITY AS each_one (word, place)
$$;

-- Any word of it will do: numbers and the shortest words are in too many products to say anything.
CREATE OR REPLACE FUNCTION shop_query_of_any(said text) RETURNS tsquery LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    word text;
    one tsquery;
    any_of_them tsquery;
BEGIN
    FOREACH word IN ARRAY regexp_split_to_array(trim(lower(unaccent(said))), '\s+') LOOP
        CONTINUE WHEN word !~ '^[a-z]{3,}$';
        one := shop_word_query(word);
        any_of_them := CASE WHEN any_of_them IS NULL THEN one WHEN one IS NULL THEN any_of_them ELSE any_of_them || one END;
    END LOOP;
    RETURN any_of_them;
END $$;
