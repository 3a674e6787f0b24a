"""The stock as pages read it."""

from django.db import models


class StockLevel(models.Model):
    """A product's stock at `version`. A projection; `Product.stock` repeats `available`.

    A product that nobody has ordered yet has none: its stock is what its row says.
    """

    product_id = models.CharField(max_length=40, primary_key=True)
    stock_id = models.UUIDField(unique=True)
    available = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    sold = models.IntegerField(default=0)
    version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "shop_stocklevel"
