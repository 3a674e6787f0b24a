"""The products of the site, as Django reads the view of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0005_baskets")]

    operations = [
        migrations.CreateModel(
            name="Product",
            fields=[
                ("product_id", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("title", models.TextField()),
                ("url", models.TextField()),
                ("image", models.TextField()),
                ("price", models.DecimalField(decimal_places=2, max_digits=12)),
                ("currency", models.CharField(max_length=3)),
                ("category", models.CharField(help_text="What `?category=` takes.", max_length=100)),
                ("category_name", models.TextField(help_text="What people read.")),
                ("available", models.BooleanField()),
                ("hidden", models.BooleanField()),
                ("added_at", models.DateTimeField()),
            ],
            options={"managed": False},
        ),
    ]
