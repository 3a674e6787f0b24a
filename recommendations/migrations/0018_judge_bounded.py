"""The judge looks at so many products of a batch, not at so many events."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0017_preview")]

    operations = [migrations.RunSQL((SQL / "judge.sql").read_text(), migrations.RunSQL.noop)]
