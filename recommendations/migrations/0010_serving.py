"""Whole lists in one statement. The ranked lists are made anew, by category too: they are derived again in seconds."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0009_throughput")]

    operations = [
        migrations.DeleteModel(name="RankedProduct"),
        migrations.CreateModel(
            name="RankedProduct",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind", "category", "rank", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("trending", "Trending"), ("popular", "Popular"), ("new", "New")], max_length=10
                    ),
                ),
                (
                    "category",
                    models.CharField(db_default="", help_text="Empty: of all products.", max_length=100),
                ),
                ("rank", models.PositiveIntegerField()),
                ("product_id", models.CharField(max_length=100)),
                ("score", models.FloatField()),
                ("as_of", models.DateTimeField()),
            ],
        ),
        *(
            migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop)
            for name in ("ranked", "serving")
        ),
    ]
