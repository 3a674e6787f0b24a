"""A list leaves out all products of the kept history, and is composed with events that are not folded yet.

Lists of before know only their newest products; the visitor's next event says the rest.
"""

from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0006_products")]

    operations = [
        migrations.AddField(
            model_name="visitorlist",
            name="seen",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=100),
                db_default=[],
                default=list,
                help_text="All products of the kept history, newest first: they are left out.",
                size=None,
            ),
        ),
        *(
            migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop)
            for name in ("similarity", "session", "fold")
        ),
    ]
