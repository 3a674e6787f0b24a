"""A catalogue as small as it can be, in the shop's own tables: committed, so that every connection sees it."""

from tests.conftest import Connection

CATEGORIES = ("tea", "mug", "cake")
SOLD_OUT = "tea-99"
PRICE = 12.5


def stock(connection: Connection) -> None:
    """ "tea-1" to "tea-99", the mugs and the cakes, all of a year ago; one is sold out. Mugs last."""
    connection.execute(
        "INSERT INTO shop_category (slug, name, department, description, position, hue, shape, colour)"
        " SELECT slug, initcap(slug) || 's', 'Kitchen', '', 0, 210, 'mug', 'ink' FROM unnest(%s::text[]) slug",
        [list(CATEGORIES)],
    )
    connection.execute(
        "INSERT INTO shop_product (product_id, category_id, name, brand, description, attributes, price, stock,"
        "                          hidden, consumable, review_count, created_at, shape, colour, pattern, width, height)"
        " SELECT slug || '-' || number, id, initcap(slug) || ' number ' || number, 'Weir', '', '[]', %s,"
        "        CASE WHEN slug || '-' || number = %s THEN 0 ELSE 9 END, false, slug <> 'mug', 0,"
        "        now() - interval '1 year', 'mug', 'ink', 'plain', 1, 1"
        " FROM shop_category, generate_series(1, 99) number WHERE slug = ANY (%s)",
        [PRICE, SOLD_OUT, list(CATEGORIES)],
    )


def clear(connection: Connection) -> None:
    of_these = "(SELECT id FROM shop_category WHERE slug = ANY (%s))"
    connection.execute(
        "DELETE FROM shop_searchentry WHERE product_id IN"
        f" (SELECT id FROM shop_product WHERE category_id IN {of_these})",
        [list(CATEGORIES)],
    )
    connection.execute(f"DELETE FROM shop_product WHERE category_id IN {of_these}", [list(CATEGORIES)])
    connection.execute("DELETE FROM shop_category WHERE slug = ANY (%s)", [list(CATEGORIES)])
