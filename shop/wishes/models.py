from django.conf import settings
from django.db import models
from django.utils import timezone


class Wish(models.Model):
    """A product on a user's wish list. That of a browser without a user stands in its session."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="wishes")
    product = models.ForeignKey("shop.Product", on_delete=models.CASCADE)
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "product"], name="wished_once")]

    def __str__(self) -> str:
        return f"{self.product} for {self.user}"
