"""What becomes of the lists that visitors see, and experiments. Nothing is counted of the log of before."""

import datetime
from pathlib import Path

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import recommendations.experiments.models
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('recommendations', '0012_origins'),
    ]

    operations = [
        migrations.CreateModel(
            name='ExposureHour',
            fields=[
                ('pk', models.CompositePrimaryKey('arm_id', 'hour', blank=True, editable=False, primary_key=True, serialize=False)),
                ('arm_id', models.BigIntegerField()),
                ('hour', models.DateTimeField()),
                ('visitors', models.BigIntegerField()),
                ('clicked', models.BigIntegerField()),
                ('converted', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='ListHour',
            fields=[
                ('pk', models.CompositePrimaryKey('hour', 'list_id', 'position', blank=True, editable=False, primary_key=True, serialize=False)),
                ('hour', models.DateTimeField(help_text='In which the product was seen; of a conversion, in which it was clicked.')),
                ('list_id', models.CharField(help_text="'(other)' for the lists beyond the first 200 of an hour.", max_length=100)),
                ('position', models.SmallIntegerField(help_text='From 1; 0 where it is not known, 51 for all beyond 50.')),
                ('impressions', models.BigIntegerField()),
                ('clicks', models.BigIntegerField()),
                ('conversions', models.BigIntegerField(help_text='Clicks whose product was then ordered in time.')),
            ],
        ),
        migrations.AddField(
            model_name='parameters',
            name='attribution',
            field=models.DurationField(default=datetime.timedelta(days=1), help_text='An order of a product within this after a click on it in a list is put down to that list.'),
        ),
        migrations.CreateModel(
            name='Experiment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True)),
                ('hypothesis', models.TextField(help_text='What you expect to change, and why.')),
                ('list_ids', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), default=recommendations.experiments.models.recommended_lists, help_text='The lists that the arms change, comma-separated: seeing one of them is what brings a visitor in.', size=None, verbose_name='lists')),
                ('metric', models.CharField(choices=[('click', 'click-through: the share of its visitors who click in the list'), ('conversion', 'conversion: the share of its visitors who order what they clicked in the list')], default='click', max_length=10)),
                ('baseline', models.FloatField(help_text='The share of visitors who do so now: 0.05 for one in twenty. See In use.', validators=[django.core.validators.MinValueValidator(0.0001), django.core.validators.MaxValueValidator(0.9999)])),
                ('effect', models.FloatField(help_text='The smallest change worth finding, relative to that share: 0.2 finds 5% against 6%.', validators=[django.core.validators.MinValueValidator(0.01), django.core.validators.MaxValueValidator(10)], verbose_name='smallest effect')),
                ('window', models.DurationField(default=datetime.timedelta(days=1), help_text='How long after a visitor first saw the list what they do counts.', validators=[django.core.validators.MinValueValidator(datetime.timedelta(seconds=60)), django.core.validators.MaxValueValidator(datetime.timedelta(days=30))])),
                ('salt', models.CharField(default=recommendations.experiments.models.new_salt, editable=False, help_text='Makes the assignment its own.', max_length=32)),
                ('visitors_needed', models.PositiveIntegerField(editable=False, help_text='In each arm: then it is decided. Fixed at the start.', null=True)),
                ('starts_at', models.DateTimeField(editable=False, null=True)),
                ('stops_at', models.DateTimeField(editable=False, null=True)),
                ('verdict', models.JSONField(editable=False, help_text='What was known when it was stopped.', null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['starts_at', 'id'], name='experiment_start')],
            },
        ),
        migrations.CreateModel(
            name='Exposure',
            fields=[
                ('pk', models.CompositePrimaryKey('visitor_id', 'experiment_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('visitor_id', models.CharField(max_length=100)),
                ('experiment_id', models.BigIntegerField()),
                ('arm_id', models.BigIntegerField()),
                ('clicked', models.BooleanField()),
                ('converted', models.BooleanField()),
                ('partition', models.IntegerField()),
                ('offset', models.BigIntegerField()),
                ('appended_at', models.DateTimeField(help_text='Of the event by which they first saw it.')),
            ],
            options={
                'indexes': [models.Index(fields=['experiment_id'], name='exposure_experiment')],
            },
        ),
        migrations.CreateModel(
            name='ListClick',
            fields=[
                ('pk', models.CompositePrimaryKey('visitor_id', 'product_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('visitor_id', models.CharField(max_length=100)),
                ('product_id', models.CharField(max_length=100)),
                ('list_id', models.CharField(max_length=100)),
                ('position', models.SmallIntegerField()),
                ('occurred_at', models.DateTimeField()),
                ('partition', models.IntegerField()),
                ('offset', models.BigIntegerField()),
                ('appended_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['partition', 'appended_at'], name='listclick_age')],
            },
        ),
        migrations.CreateModel(
            name='ListVisitor',
            fields=[
                ('pk', models.CompositePrimaryKey('visitor_id', 'list_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('visitor_id', models.CharField(max_length=100)),
                ('list_id', models.CharField(max_length=100)),
                ('last_seen_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['last_seen_at', 'list_id'], name='listvisitor_seen')],
            },
        ),
        migrations.CreateModel(
            name='ExperimentArm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50)),
                ('control', models.BooleanField(default=False, help_text='What the others are compared with: as it is now.')),
                ('share', models.PositiveSmallIntegerField(help_text='Percent of all visitors.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)])),
                ('model', models.CharField(blank=True, help_text='Name of a second model; empty for the live one.', max_length=63)),
                ('rules', models.CharField(blank=True, help_text='Name of a set of rules; empty for the usual ones.', max_length=100)),
                ('parameters', models.JSONField(blank=True, default=dict, help_text='Settings of serving, as {"name": value}.')),
                ('experiment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='arms', to='recommendations.experiment')),
            ],
            options={
                'verbose_name': 'arm',
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('experiment', 'name'), name='arm_name')],
            },
        ),
        *(
            migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop)
            for name in ("experiments", "impressions", "fold", "upkeep")
        ),
    ]
