from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Review(models.Model):
    """What a customer says of a product. One without a user belongs to the demo catalogue, and the page says so."""

    product = models.ForeignKey("shop.Product", on_delete=models.CASCADE, related_name="reviews")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True)
    rating = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    title = models.CharField(max_length=80)
    text = models.TextField(max_length=2000, blank=True)
    written_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "user"], name="one_review_a_user"),
            models.CheckConstraint(condition=Q(rating__range=(1, 5)), name="review_rating_in_range"),
        ]
        indexes = [models.Index(fields=["product", "-written_at"], name="review_newest")]

    def __str__(self) -> str:
        return f"{self.rating} of 5 for {self.product}"
