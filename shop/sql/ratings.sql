-- What is said of a product, summed up in its row for lists to filter and sort by: recounted whenever a review is written,
-- changed or taken away, so that the row cannot drift from the reviews.
CREATE OR REPLACE FUNCTION shop_review_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE shop_product product SET review_count = counted.reviews, rating = counted.rating
    FROM (
        SELECT count(review.id) AS reviews, round(avg(review.rating), 2) AS rating, said.product_id
        FROM (SELECT DISTINCT product_id FROM written) said
        LEFT JOIN shop_review review ON review.product_id = said.product_id
        GROUP BY said.product_id
    ) counted
    WHERE product.id = counted.product_id;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER shop_reviews_added AFTER INSERT ON shop_review
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION shop_review_written();
CREATE OR REPLACE TRIGGER shop_reviews_changed AFTER UPDATE ON shop_review
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION shop_review_written();
CREATE OR REPLACE TRIGGER shop_reviews_taken AFTER DELETE ON shop_review
    REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION shop_review_written();
