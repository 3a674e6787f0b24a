"""What is bought together, and what each visitor bought how often.

Nothing is computed anew: `python manage.py rebuild` fills both from the log of before.
"""

import datetime
from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"

EVENTS = """
UPDATE recommendations_eventweight SET basket = true
WHERE event IN ('Product Added', 'Product Removed', 'Order Completed', 'Order Refunded');
UPDATE recommendations_eventweight SET purchase = CASE event WHEN 'Order Completed' THEN 1 ELSE -1 END
WHERE event IN ('Order Completed', 'Order Refunded');
"""


class Migration(migrations.Migration):

    dependencies = [
        ('recommendations', '0004_persons'),
    ]

    operations = [
        migrations.CreateModel(
            name='BasketPair',
            fields=[
                ('pk', models.CompositePrimaryKey('product_id', 'other_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('product_id', models.CharField(max_length=100)),
                ('other_id', models.CharField(max_length=100)),
                ('positive', models.FloatField()),
                ('negative', models.FloatField()),
            ],
        ),
        migrations.CreateModel(
            name='ProductRhythm',
            fields=[
                ('product_id', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('gaps', models.BigIntegerField(help_text='Times between two purchases of one visitor, of half a day to a year.')),
                ('days', models.FloatField(help_text='Their sum.')),
            ],
        ),
        migrations.CreateModel(
            name='Purchase',
            fields=[
                ('pk', models.CompositePrimaryKey('visitor_id', 'product_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('visitor_id', models.CharField(max_length=100)),
                ('product_id', models.CharField(max_length=100)),
                ('times', models.IntegerField(help_text='Orders with it, less those given back.')),
                ('first_at', models.DateTimeField(null=True)),
                ('last_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='eventweight',
            name='basket',
            field=models.BooleanField(default=False, help_text='Says what is bought together.'),
        ),
        migrations.AddField(
            model_name='eventweight',
            name='purchase',
            field=models.SmallIntegerField(default=0, help_text='1: the products were bought; -1: given back.'),
        ),
        migrations.AddField(
            model_name='parameters',
            name='basket',
            field=models.DurationField(default=datetime.timedelta(days=1), help_text='What is put into a basket pairs with what was within this before.'),
        ),
        migrations.AddField(
            model_name='productcount',
            name='baskets',
            field=models.FloatField(db_default=0, help_text='Of `positive` what came of basket events.'),
        ),
        migrations.RunSQL(EVENTS, migrations.RunSQL.noop),
        *(migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop) for name in ("baskets", "fold")),
    ]
