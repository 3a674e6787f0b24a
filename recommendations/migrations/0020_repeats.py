"""A product looked at again within a day adds to pairs only what its event weighs more.

Nothing is computed anew: `python manage.py rebuild` does it.
"""

import datetime
from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('recommendations', '0019_clicks'),
    ]

    operations = [
        migrations.AddField(
            model_name='parameters',
            name='repeat_after',
            field=models.DurationField(default=datetime.timedelta(days=1), help_text='Within this a product looked at again adds nothing to pairs.'),
        ),
        migrations.RunSQL((SQL / "fold.sql").read_text(), migrations.RunSQL.noop),
    ]
