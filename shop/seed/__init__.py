"""The demo catalogue: word lists in `categories/`, made into the same products every time."""
