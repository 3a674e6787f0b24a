"""Who a visitor is known to be, erasure, and what the fold counts by the minute.

Nothing is computed anew: the log of before has neither a person nor a tombstone.
"""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("recommendations", "0003_upkeep"),
    ]

    operations = [
        migrations.CreateModel(
            name="FoldedMinute",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "minute",
                        "source",
                        "event",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("minute", models.DateTimeField()),
                (
                    "source",
                    models.CharField(
                        help_text="Name of the write key; empty for events without one.", max_length=200
                    ),
                ),
                (
                    "event",
                    models.CharField(
                        help_text="'(other)' for the names beyond the first hundred.", max_length=200
                    ),
                ),
                (
                    "events",
                    models.BigIntegerField(help_text="All of them, duplicates and those left out included."),
                ),
                (
                    "duplicates",
                    models.BigIntegerField(help_text="Had been seen within 24 hours and changed nothing."),
                ),
                (
                    "left_out",
                    models.BigIntegerField(help_text="Not for the model to learn from, and no duplicates."),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VisitorPerson",
            fields=[
                ("visitor_id", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("person_id", models.CharField(max_length=100)),
                ("partition", models.IntegerField()),
                ("offset", models.BigIntegerField()),
                ("appended_at", models.DateTimeField()),
            ],
        ),
        migrations.AddIndex(
            model_name="visitorlist",
            index=models.Index(
                condition=models.Q(("events", [])), fields=["as_of"], name="visitorlist_empty"
            ),
        ),
        migrations.AddIndex(
            model_name="visitorperson",
            index=models.Index(
                fields=["person_id", "-appended_at", "visitor_id"], name="visitorperson_person"
            ),
        ),
        migrations.AddIndex(
            model_name="visitorperson",
            index=models.Index(fields=["partition", "appended_at"], name="visitorperson_age"),
        ),
        *(
            migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop)
            for name in ("similarity", "fold", "persons", "minutes", "upkeep")
        ),
    ]
