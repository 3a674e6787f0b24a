"""A small shop for the shoppers' tests: four categories of twelve goods in three colours."""

from shop.shoppers.shelves import Good, Shelves

COLOURS = ("blue", "green", "red")


def small_shop() -> Shelves:
    return {
        category: [
            Good(
                product_id=f"{category}-{n}",
                name=f"{category} number {n}",
                path=f"/p/{category}-{n}/",
                price=5.0 + n,
                category=category,
                colour_family=COLOURS[n % 3],
                list_id=f"category-{category}",
                position=n + 1,
            )
            for n in range(12)
        ]
        for category in ("cups", "lamps", "tents", "toys")
    }
