"""Which products have changed since the topic was told: written by the database, whoever changes them."""

from django.db import models


class ChangedProduct(models.Model):
    """A change that the topic does not have yet; a product may stand here several times."""

    product_id = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.product_id
