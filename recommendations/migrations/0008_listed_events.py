"""The list in which an event's products were seen or clicked, and where in it."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0007_session")]

    operations = [migrations.RunSQL((SQL / "fold.sql").read_text(), migrations.RunSQL.noop)]
