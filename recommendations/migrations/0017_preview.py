"""What the rules would do, shown before they are saved."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0016_rules")]

    operations = [migrations.RunSQL((SQL / "rules.sql").read_text(), migrations.RunSQL.noop)]
