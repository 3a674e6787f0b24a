"""Each hour's predictions, and the fold that makes them."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('recommendations', '0010_serving'),
    ]

    operations = [
        migrations.CreateModel(
            name='JudgedHour',
            fields=[
                ('pk', models.CompositePrimaryKey('hour', 'source', blank=True, editable=False, primary_key=True, serialize=False)),
                ('hour', models.DateTimeField()),
                ('source', models.CharField(help_text='Name of the write key; judged:... is a file that was played.', max_length=200)),
                ('events', models.BigIntegerField(help_text="Predicted: a product that the visitor's history lacked.")),
                ('passed_over', models.BigIntegerField(help_text='Not looked at, so that a large batch takes no longer.')),
                ('hits_10', models.BigIntegerField(help_text='Of the events, those whose product was among the first 10.')),
                ('hits_20', models.BigIntegerField()),
                ('reciprocal', models.FloatField(help_text='Sum of 1 / place over the first 20.')),
                ('popular_hits_10', models.BigIntegerField(help_text='The same of the popular list, what was seen left out.')),
                ('popular_hits_20', models.BigIntegerField()),
                ('popular_reciprocal', models.FloatField()),
                ('random_hits_10', models.FloatField()),
                ('random_hits_20', models.FloatField()),
                ('random_reciprocal', models.FloatField()),
            ],
        ),
        *(migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop) for name in ("judge", "fold")),
    ]
