from django.db import migrations, models


class Migration(migrations.Migration):
    """A primary key of its own, which the admin needs. The rows come again from the topic."""

    dependencies = [("tracking", "0001_collector")]

    operations = [
        migrations.DeleteModel("RejectedEvent"),
        migrations.CreateModel(
            name="RejectedEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("partition", models.IntegerField()),
                ("offset", models.BigIntegerField()),
                ("rejected_at", models.DateTimeField(db_index=True)),
                ("source", models.CharField(max_length=100)),
                ("reason", models.CharField(max_length=30)),
                ("field", models.CharField(max_length=200)),
                ("detail", models.TextField()),
                ("visitor_id", models.CharField(db_index=True, max_length=100, null=True)),
                ("message_id", models.CharField(max_length=100, null=True)),
                ("record", models.BinaryField(help_text="The record's value, whole.")),
                ("replayed_at", models.DateTimeField(null=True)),
                ("replayed_by", models.CharField(default="", max_length=150)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["partition", "offset"], name="rejectedevent_once")
                ],
            },
        ),
    ]
