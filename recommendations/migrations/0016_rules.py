"""The operator's rules, and the lists that they are applied to."""

from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('recommendations', '0015_models'),
    ]

    operations = [
        migrations.CreateModel(
            name='Rule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='What you will know it by.', max_length=100, unique=True)),
                ('kind', models.CharField(choices=[('hide', 'Leave out'), ('only', 'Only these'), ('boost', 'Boost or bury'), ('pin', 'Pin at a place'), ('diversity', 'No more than a few of a category'), ('band', 'Price band around the newest product')], max_length=10)),
                ('lists', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('visitor', 'For you'), ('similar', 'Similar products'), ('together', 'Bought together'), ('again', 'Buy again'), ('recent', 'Recently viewed'), ('new', 'New arrivals'), ('trending', 'Trending and popular'), ('products', 'For given products')], max_length=10), blank=True, db_default=[], default=list, help_text='None chosen: all lists.', size=None)),
                ('products', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, db_default=[], default=list, size=None)),
                ('categories', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, db_default=[], default=list, size=None)),
                ('price_from', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ('price_to', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ('bought', models.BooleanField(db_default=False, default=False, verbose_name='what the visitor bought')),
                ('in_basket', models.BooleanField(db_default=False, default=False, verbose_name='what is in their basket')),
                ('factor', models.FloatField(blank=True, help_text='2 doubles the score, 0.5 halves it; above 0.', null=True)),
                ('place', models.PositiveSmallIntegerField(blank=True, help_text='1 is the first.', null=True)),
                ('most', models.PositiveSmallIntegerField(blank=True, help_text='So many of one category at most.', null=True)),
                ('in_set', models.CharField(blank=True, db_default='', default='', help_text='Empty: for everybody. Else only for visitors whose experiment names this set.', max_length=50, verbose_name='set')),
                ('is_active', models.BooleanField(db_default=True, default=True, verbose_name='on')),
                ('starts_at', models.DateTimeField(blank=True, null=True, verbose_name='from')),
                ('ends_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.AddField(
            model_name='parameters',
            name='again',
            field=models.FloatField(db_default=0.5, default=0.5, help_text="What is due to be bought again weighs so much of a visitor's best suggestion; 0 for not at all."),
        ),
        migrations.AddField(
            model_name='parameters',
            name='exploration',
            field=models.PositiveSmallIntegerField(db_default=12, default=12, help_text='One of so many places may show a new product; 0 for none.'),
        ),
        *(
            migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop)
            for name in ("serving", "rules")
        ),
    ]
