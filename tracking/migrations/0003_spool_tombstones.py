from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tracking', '0002_rejectedevent_id'),
    ]

    operations = [
        migrations.AlterField(
            model_name='spooledrecord',
            name='value',
            field=models.BinaryField(help_text='NULL is a tombstone: the visitor was erased.', null=True),
        ),
    ]
