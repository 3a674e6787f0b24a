"""Products that are written and deleted without Django."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("shop", "0003_orders")]

    operations = [
        migrations.AlterField(
            model_name="product",
            name="review_count",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.RunSQL((SQL / "search.sql").read_text(), migrations.RunSQL.noop),
    ]
