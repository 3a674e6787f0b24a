"""What an operator sets about the lists, without code: `sql/rules.sql` applies it."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.forms.models import model_to_dict
from django.utils import timezone


class ListName(models.TextChoices):
    """The lists, as rules and addresses name them."""

    VISITOR = "visitor", "For you"
    SIMILAR = "similar", "Similar products"
    TOGETHER = "together", "Bought together"
    AGAIN = "again", "Buy again"
    RECENT = "recent", "Recently viewed"
    NEW = "new", "New arrivals"
    TRENDING = "trending", "Trending and popular"
    PRODUCTS = "products", "For given products"


class Rule(models.Model):
    """One rule; which of the fields count depends on its kind."""

    class Kind(models.TextChoices):
        HIDE = "hide", "Leave out"
        ONLY = "only", "Only these"
        BOOST = "boost", "Boost or bury"
        PIN = "pin", "Pin at a place"
        DIVERSITY = "diversity", "No more than a few of a category"
        BAND = "band", "Price band around the newest product"

    name = models.CharField(max_length=100, unique=True, help_text="What you will know it by.")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    lists = ArrayField(
        models.CharField(max_length=10, choices=ListName.choices),
        default=list,
        db_default=[],
        blank=True,
        help_text="None chosen: all lists.",
    )
    products = ArrayField(models.CharField(max_length=100), default=list, db_default=[], blank=True)
    categories = ArrayField(models.CharField(max_length=100), default=list, db_default=[], blank=True)
    price_from = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    price_to = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    bought = models.BooleanField("what the visitor bought", default=False, db_default=False)
    in_basket = models.BooleanField("what is in their basket", default=False, db_default=False)
    factor = models.FloatField(
        null=True, blank=True, help_text="2 doubles the score, 0.5 halves it; above 0."
    )
    place = models.PositiveSmallIntegerField(null=True, blank=True, help_text="1 is the first.")
    most = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="So many of one category at most."
    )
    in_set = models.CharField(
        "set",
        max_length=50,
        blank=True,
        default="",
        db_default="",
        help_text="Empty: for everybody. Else only for visitors whose experiment names this set.",
    )
    is_active = models.BooleanField("on", default=True, db_default=True)
    starts_at = models.DateTimeField("from", null=True, blank=True)
    ends_at = models.DateTimeField("until", null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def as_json(self) -> dict[str, Any]:
        """As `recommendations_ruled` takes it; 0 stands for the id of one that is not saved yet."""
        values = model_to_dict(self, exclude=["starts_at", "ends_at", "is_active", "name", "lists", "in_set"])
        for name in ("price_from", "price_to"):
            values[name] = None if values[name] is None else float(values[name])
        return values | {"id": self.pk or 0}

    def applies_to(self, list_name: str) -> bool:
        """Whether it holds for a list now."""
        now = timezone.now()
        return (
            self.is_active
            and (not self.lists or list_name in self.lists)
            and (self.starts_at is None or self.starts_at <= now)
            and (self.ends_at is None or self.ends_at > now)
        )
