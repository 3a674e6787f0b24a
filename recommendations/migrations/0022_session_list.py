"""A list composed with events not folded yet, as a page is sent it."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0021_personal")]

    operations = [migrations.RunSQL((SQL / "session.sql").read_text(), migrations.RunSQL.noop)]
