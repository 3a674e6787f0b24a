"""The fold counts its events by the minute in which they were received, too."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"

IN_SECOND_MODELS = """
    DO $$
    DECLARE
        of record;
    BEGIN
        FOR of IN SELECT schema FROM recommendations_model WHERE schema <> 'public' LOOP
            EXECUTE format(
                'CREATE TABLE IF NOT EXISTS %I.recommendations_receivedminute '
                '(LIKE public.recommendations_receivedminute INCLUDING ALL)', of.schema);
        END LOOP;
    END $$
"""
"""Else what a second model folds would be counted as the live one's."""


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0027_owned")]

    operations = [
        migrations.CreateModel(
            name="ReceivedMinute",
            fields=[
                ("minute", models.DateTimeField(primary_key=True, serialize=False)),
                (
                    "events",
                    models.BigIntegerField(help_text="All of them, duplicates and those left out included."),
                ),
            ],
        ),
        migrations.RunSQL(IN_SECOND_MODELS, migrations.RunSQL.noop),
        *(
            migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop)
            for name in ("minutes", "upkeep")
        ),
    ]
