"""Where visitors came from, and what is looked at there."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('recommendations', '0011_judged'),
    ]

    operations = [
        migrations.CreateModel(
            name='OriginDay',
            fields=[
                ('pk', models.CompositePrimaryKey('day', 'origin', 'product_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateTimeField()),
                ('origin', models.CharField(help_text="'(other)' for those beyond the first 200 of a day.", max_length=100)),
                ('product_id', models.CharField(max_length=100)),
                ('weight', models.FloatField()),
            ],
        ),
        migrations.AlterField(
            model_name='rankedproduct',
            name='category',
            field=models.CharField(db_default='', help_text='Empty: of all products. Of the kind origin the place.', max_length=100),
        ),
        migrations.AlterField(
            model_name='rankedproduct',
            name='kind',
            field=models.CharField(choices=[('trending', 'Trending'), ('popular', 'Popular'), ('new', 'New'), ('origin', 'Origin')], max_length=10),
        ),
        migrations.CreateModel(
            name='VisitorOrigin',
            fields=[
                ('visitor_id', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('origin', models.CharField(max_length=100)),
                ('partition', models.IntegerField()),
                ('appended_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['partition', 'appended_at'], name='visitororigin_age')],
            },
        ),
        *(
            migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop)
            for name in ("origins", "fold", "ranked", "upkeep")
        ),
    ]
