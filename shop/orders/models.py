"""Orders as pages read them, the keys of what names their customers, and the pretend bank's books."""

from django.db import models
from django.urls import reverse

from shop.orders.order import Status, number_of


class OrderView(models.Model):
    """An order at `version`. A projection: made from facts alone."""

    order_id = models.UUIDField(primary_key=True)
    customer = models.UUIDField()
    status = models.CharField(max_length=12, choices=[(status, status.capitalize()) for status in Status])
    timed_out = models.BooleanField(default=False, help_text="The bank has not answered yet")
    total = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    lines = models.JSONField(default=list)
    placed_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    version = models.BigIntegerField()

    class Meta:
        db_table = "shop_order"
        verbose_name = "order"
        permissions = [("refund_order", "Can refund orders")]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["customer", "-placed_at"], name="order_of_customer"),
            models.Index(fields=["-placed_at"], name="order_newest"),
            models.Index(fields=["status", "changed_at"], name="order_by_status"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("shop:order", args=[self.order_id])

    @property
    def number(self) -> str:
        return number_of(self.order_id)

    @property
    def quantity(self) -> int:
        return sum(line["quantity"] for line in self.lines)


class OrderEntry(models.Model):
    """What happened to an order, one row for each fact. A projection."""

    id = models.BigAutoField(primary_key=True)
    order_id = models.UUIDField()
    version = models.BigIntegerField()
    kind = models.CharField(max_length=30)
    happened_at = models.DateTimeField()
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "shop_orderentry"
        constraints = [models.UniqueConstraint(fields=["order_id", "version"], name="order_entry_once")]


class OrderKey(models.Model):
    """Opens what an order's facts say of its customer. Deleted, nobody can read it again."""

    order_id = models.UUIDField(primary_key=True)
    key = models.BinaryField()

    class Meta:
        db_table = "shop_orderkey"


class PretendCharge(models.Model):
    """The books of the pretend bank: what it answered to each key, which it never answers twice in two ways."""

    key = models.UUIDField(primary_key=True)
    order_id = models.UUIDField(db_index=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    answer = models.CharField(max_length=10)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "shop_pretendcharge"
