"""What an operator sets, and which models there are."""

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now


class Product(models.Model):
    """A product as lists show it: a row of the view that `catalogue.py` makes of the site's own tables."""

    product_id = models.CharField(primary_key=True, max_length=100)
    title = models.TextField()
    url = models.TextField()
    image = models.TextField()
    price = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    category = models.CharField(max_length=100, help_text="What `?category=` takes.")
    category_name = models.TextField(help_text="What people read.")
    available = models.BooleanField()
    hidden = models.BooleanField()
    consumable = models.BooleanField()
    added_at = models.DateTimeField()

    class Meta:
        managed = False

    def __str__(self) -> str:
        return self.title


class Parameters(models.Model):
    """What the model's formulas read: one row, so that a second model can have its own."""

    landmark = models.DateTimeField(help_text="Weights are stored as of this moment: forward decay.")
    half_life = models.DurationField(help_text="After this long an event counts half.")
    lookback = models.PositiveSmallIntegerField(help_text="Distinct earlier products an event pairs with.")
    distance_decay = models.FloatField(help_text="A pair at distance d weighs exp(-this x (d - 1)).")
    smoothing = models.FloatField(help_text="Added to both counts of a similarity, against chance.")
    damping = models.FloatField(help_text="Exponent on the count of the product looked at.")
    other_damping = models.FloatField(help_text="Exponent on the count of the product suggested.")
    neighbours = models.PositiveSmallIntegerField(help_text="Similar products kept for each product.")
    recent = models.PositiveSmallIntegerField(help_text="Newest distinct products a visitor's list is from.")
    recency = models.FloatField(help_text="Each older product of those counts this much of the one after it.")
    history = models.PositiveSmallIntegerField(help_text="Events kept for each visitor.")
    memory = models.DurationField(help_text="Events older than this are no longer paired with new ones.")
    repeat_after = models.DurationField(
        default=timedelta(days=1), help_text="Within this a product looked at again adds nothing to pairs."
    )
    basket = models.DurationField(
        default=timedelta(days=1),
        help_text="What is put into a basket pairs with what was within this before.",
    )
    attribution = models.DurationField(
        default=timedelta(days=1),
        help_text="An order of a product within this after a click on it in a list is put down to that list.",
    )
    since = models.DateTimeField(null=True, help_text="What happened before is left out.")
    until = models.DateTimeField(null=True, help_text="What happened from then on is left out.")
    again = models.FloatField(
        db_default=0.5,
        default=0.5,
        help_text="What is due to be bought again weighs so much of a visitor's best suggestion; 0 for not at all.",
    )
    exploration = models.PositiveSmallIntegerField(
        db_default=12, default=12, help_text="One of so many places may show a new product; 0 for none."
    )

    class Meta:
        verbose_name_plural = "parameters"

    def __str__(self) -> str:
        return f"half-life {self.half_life.days} days, {self.neighbours} neighbours"


class Model(models.Model):
    """The live model, whose tables are the site's own, and those beside it, each in a schema of its own.

    A transaction that sets `search_path TO <schema>, public` works with that model.
    """

    class Kind(models.TextChoices):
        FOLD = "fold", "folded from the log"
        ALS = "als", "ALS"

    class State(models.TextChoices):
        FOLDING = "folding", "reading the log"
        DERIVING = "deriving", "deriving lists"
        READY = "ready", "ready"
        PROMOTING = "promoting", "being promoted"

    LIVE = "live"

    name = models.CharField(primary_key=True, max_length=40)
    schema = models.CharField(max_length=63, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.FOLD)
    state = models.CharField(max_length=10, choices=State.choices, default=State.FOLDING)
    parameters = models.JSONField(default=dict, help_text="What was asked for when it was made.")
    positions = models.JSONField(
        default=dict, help_text='{"partition": next offset}; the live model\'s stand in the ledger.'
    )
    created_at = models.DateTimeField(db_default=Now())
    caught_up_at = models.DateTimeField(null=True, help_text="When it last had all that the live model has.")
    error = models.TextField(blank=True, default="", help_text="Why the last work on it failed.")

    def __str__(self) -> str:
        return self.name


class EventWeight(models.Model):
    """How much an event says about its product; below 0 it speaks against it, at 0 it is not counted."""

    event = models.CharField(primary_key=True, max_length=200, help_text="'*' stands for every other event.")
    weight = models.FloatField()
    reason = models.CharField(max_length=20, help_text="The kind of reason that a suggestion gives for it.")
    basket = models.BooleanField(default=False, help_text="Says what is bought together.")
    purchase = models.SmallIntegerField(default=0, help_text="1: the products were bought; -1: given back.")

    def __str__(self) -> str:
        return f"{self.event}: {self.weight}"
