"""Who a customer is, and their basket as pages read it."""

from uuid import uuid4

from django.conf import settings
from django.db import models


class Customer(models.Model):
    """The customer that a user is. Facts name only `customer_id`, which says nothing of the user."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)
    customer_id = models.UUIDField(default=uuid4, unique=True)

    class Meta:
        db_table = "shop_customer"


class BasketView(models.Model):
    """A customer's basket at `version`. A projection: made from facts alone."""

    basket_id = models.UUIDField(primary_key=True)
    customer = models.UUIDField(unique=True)
    version = models.BigIntegerField()
    lines = models.JSONField(default=list)
    """Pairs of product and quantity, in the order in which they were added."""
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "shop_basket"

    @property
    def quantity(self) -> int:
        return sum(quantity for _, quantity in self.lines)
