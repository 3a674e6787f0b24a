"""Batches without an order look for none."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0018_judge_bounded")]

    operations = [migrations.RunSQL((SQL / "impressions.sql").read_text(), migrations.RunSQL.noop)]
