"""What becomes of the lists that visitors see: impressions, clicks, orders. Facts, folded by `sql/impressions.sql`.

Bounds: `ListHour` 90 days, at most 201 lists an hour with 52 places each; `ListVisitor` one row for each visitor and
list of 90 days; `ListClick` the last click on each product of `Parameters.attribution`.
"""

from django.db import models


class ListHour(models.Model):
    """What was seen, clicked and bought at one place of one list, of what was seen or clicked in one hour."""

    pk = models.CompositePrimaryKey("hour", "list_id", "position")
    hour = models.DateTimeField(
        help_text="In which the product was seen; of a conversion, in which it was clicked."
    )
    list_id = models.CharField(
        max_length=100, help_text="'(other)' for the lists beyond the first 200 of an hour."
    )
    position = models.SmallIntegerField(help_text="From 1; 0 where it is not known, 51 for all beyond 50.")
    impressions = models.BigIntegerField()
    clicks = models.BigIntegerField()
    conversions = models.BigIntegerField(help_text="Clicks whose product was then ordered in time.")

    def __str__(self) -> str:
        return f"{self.list_id} {self.position} at {self.hour}"


class ListVisitor(models.Model):
    """When a visitor last saw something in a list: who saw it since then is counted by this."""

    pk = models.CompositePrimaryKey("visitor_id", "list_id")
    visitor_id = models.CharField(max_length=100)
    list_id = models.CharField(max_length=100)
    last_seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["last_seen_at", "list_id"], name="listvisitor_seen")]

    def __str__(self) -> str:
        return f"{self.visitor_id} saw {self.list_id}"


class ListClick(models.Model):
    """A visitor's last click on a product in a list, until it has led to an order or is too old to."""

    pk = models.CompositePrimaryKey("visitor_id", "product_id")
    visitor_id = models.CharField(max_length=100)
    product_id = models.CharField(max_length=100)
    list_id = models.CharField(max_length=100)
    position = models.SmallIntegerField()
    occurred_at = models.DateTimeField()
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    appended_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["partition", "appended_at"], name="listclick_age")]

    def __str__(self) -> str:
        return f"{self.visitor_id} clicked {self.product_id} in {self.list_id}"
