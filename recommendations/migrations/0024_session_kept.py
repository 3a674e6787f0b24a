"""What an open page was sent before Spark knew it, kept for whoever else asks."""

from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('recommendations', '0023_pairs_apart'),
    ]

    operations = [
        migrations.CreateModel(
            name='SessionList',
            fields=[
                ('visitor_id', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('version', models.BigIntegerField()),
                ('as_of', models.DateTimeField()),
                ('items', models.JSONField()),
                ('events', models.JSONField()),
                ('seen', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), size=None)),
            ],
        ),
        migrations.RunSQL("ALTER TABLE recommendations_sessionlist SET UNLOGGED", migrations.RunSQL.noop),
        *(
            migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop)
            for name in ("lists", "session", "upkeep")
        ),
    ]
