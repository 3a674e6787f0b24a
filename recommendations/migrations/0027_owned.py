"""What somebody bought and still has is no longer suggested to them; what is used up may be."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0026_pairs_at_once")]

    operations = [
        migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop) for name in ("rules", "serving")
    ]
