-- Writes down which products changed, in the transaction that changed them. The topic is told what a product is by then, so
-- that several changes may become one record, and an old one never comes after a newer.

CREATE OR REPLACE FUNCTION shop_note_changed_products() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO shop_changedproduct (product_id) VALUES (OLD.product_id);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO shop_changedproduct (product_id) VALUES (NEW.product_id);
    ELSIF OLD IS DISTINCT FROM NEW THEN
        INSERT INTO shop_changedproduct (product_id) VALUES (NEW.product_id);
        IF OLD.product_id <> NEW.product_id THEN
            INSERT INTO shop_changedproduct (product_id) VALUES (OLD.product_id);
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER shop_product_changed AFTER INSERT OR UPDATE OR DELETE ON shop_product
    FOR EACH ROW EXECUTE FUNCTION shop_note_changed_products();

-- A category's name and department stand in each of its products' records.
CREATE OR REPLACE FUNCTION shop_note_changed_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO shop_changedproduct (product_id)
    SELECT product_id FROM shop_product WHERE category_id = NEW.id ORDER BY product_id;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER shop_category_changed AFTER UPDATE ON shop_category
    FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION shop_note_changed_category();

-- What is in the shop already.
INSERT INTO shop_changedproduct (product_id) SELECT product_id FROM shop_product ORDER BY product_id;
