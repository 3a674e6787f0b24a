"""What the push process does: a visitor's newest event reaches their open pages before Spark has folded it.

`records` reads a topic: `activity` takes from its events what a list counts, `notices` which visitors Spark's batches
touched. `pending` holds events until they are folded, `presence` knows who has a page open, `composing` asks Postgres
for the list, `pages` sends it.
"""
