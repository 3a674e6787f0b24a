"""Trending and popular lists, clean-up and pruning."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0002_functions")]

    operations = [
        migrations.CreateModel(
            name="Pruning",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("pairs", models.BigIntegerField()),
                ("positive", models.FloatField()),
                ("negative", models.FloatField()),
            ],
        ),
        migrations.RunSQL((SQL / "ranked.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "upkeep.sql").read_text(), migrations.RunSQL.noop),
    ]
