"""Second models beside the live one; what a model leaves out; the moving landmark; which pairs are pruned."""

from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"
LIVE = """
INSERT INTO recommendations_model (name, schema, kind, state, parameters, positions, error)
VALUES ('live', 'public', 'fold', 'ready', '{}', '{}', '');
"""


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0014_waiting_lists")]

    operations = [
        migrations.AddField(
            model_name="parameters",
            name="since",
            field=models.DateTimeField(help_text="What happened before is left out.", null=True),
        ),
        migrations.AddField(
            model_name="parameters",
            name="until",
            field=models.DateTimeField(help_text="What happened from then on is left out.", null=True),
        ),
        migrations.CreateModel(
            name="Model",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("schema", models.CharField(max_length=63, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("fold", "folded from the log"), ("als", "ALS")], default="fold", max_length=10
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("folding", "reading the log"),
                            ("deriving", "deriving lists"),
                            ("ready", "ready"),
                            ("promoting", "being promoted"),
                        ],
                        default="folding",
                        max_length=10,
                    ),
                ),
                (
                    "parameters",
                    models.JSONField(default=dict, help_text="What was asked for when it was made."),
                ),
                (
                    "positions",
                    models.JSONField(
                        default=dict,
                        help_text='{"partition": next offset}; the live model\'s stand in the ledger.',
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "caught_up_at",
                    models.DateTimeField(help_text="When it last had all that the live model has.", null=True),
                ),
                (
                    "error",
                    models.TextField(blank=True, default="", help_text="Why the last work on it failed."),
                ),
            ],
        ),
        migrations.RunSQL(LIVE, "DELETE FROM recommendations_model"),
        *(
            migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop)
            for name in ("similarity", "fold", "impressions", "upkeep")
        ),
    ]
