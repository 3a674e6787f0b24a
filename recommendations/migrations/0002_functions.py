"""The SQL functions of the model, its parameters and the weights of the events."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"

PARAMETERS = """
INSERT INTO recommendations_parameters (
    id, landmark, half_life, lookback, distance_decay, smoothing, damping, other_damping, neighbours, recent, recency,
    history, memory)
VALUES (1, '2025-01-01 00:00:00+00', interval '60 days', 5, 0.25, 20, 0.75, 0.1, 50, 10, 0.5, 50, interval '90 days');

INSERT INTO recommendations_eventweight (event, weight, reason) VALUES
    ('*', 1, 'viewed'),
    ('Product Viewed', 1, 'viewed'),
    ('Product Clicked', 0.5, 'viewed'),
    ('Product Added', 3, 'added'),
    ('Product Added to Wishlist', 2, 'added'),
    ('Order Completed', 5, 'bought'),
    ('Product Removed', -1, 'removed'),
    ('Order Refunded', -5, 'refunded'),
    ('Product List Viewed', 0, 'seen'),
    ('Product List Filtered', 0, 'seen'),
    ('Products Searched', 0, 'seen'),
    ('Cart Viewed', 0, 'seen'),
    ('Checkout Started', 0, 'seen'),
    ('Order Updated', 0, 'seen'),
    ('Order Cancelled', 0, 'seen');
"""


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0001_initial")]

    operations = [
        migrations.RunSQL((SQL / "similarity.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "fold.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(PARAMETERS, migrations.RunSQL.noop),
    ]
