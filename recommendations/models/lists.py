"""Caches derived from the facts: what lists are read from, and whose wait to be derived or told."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class SimilarProducts(models.Model):
    """The products most similar to one, best first, as of its newest event."""

    product_id = models.CharField(primary_key=True, max_length=100)
    as_of = models.DateTimeField()
    other_ids = ArrayField(models.CharField(max_length=100))
    scores = ArrayField(models.FloatField(), help_text="Of other_ids, in the same order.")

    class Meta:
        verbose_name_plural = "similar products"

    def __str__(self) -> str:
        return self.product_id


class VisitorList(models.Model):
    """What to recommend to one visitor, best first, as of their newest product event."""

    visitor_id = models.CharField(primary_key=True, max_length=100)
    version = models.BigIntegerField(help_text="Milliseconds at which the newest event was appended.")
    as_of = models.DateTimeField()
    items = models.JSONField(
        help_text='[{"productId", "score", "because": n, "moved": n}, ...], n into events.'
    )
    events = models.JSONField(
        help_text="The newest event on each product that the list is from, newest first."
    )
    seen = ArrayField(
        models.CharField(max_length=100),
        default=list,
        db_default=[],
        help_text="All products of the kept history, newest first: they are left out.",
    )

    class Meta:
        indexes = [models.Index(fields=["as_of"], name="visitorlist_empty", condition=models.Q(events=[]))]

    def __str__(self) -> str:
        return self.visitor_id


class RankedProduct(models.Model):
    """A list that is the same for everybody, of all products, of one category, or for who came from one place.

    Refreshed again and again.
    """

    class Kind(models.TextChoices):
        TRENDING = "trending"
        POPULAR = "popular"
        NEW = "new"
        ORIGIN = "origin"

    pk = models.CompositePrimaryKey("kind", "category", "rank")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    category = models.CharField(
        max_length=100, db_default="", help_text="Empty: of all products. Of the kind origin the place."
    )
    rank = models.PositiveIntegerField()
    product_id = models.CharField(max_length=100)
    score = models.FloatField()
    as_of = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.category} {self.rank}: {self.product_id}"


class WaitingProduct(models.Model):
    """A product whose similar ones are older than its pairs: a later batch derives them anew."""

    product_id = models.CharField(primary_key=True, max_length=100)
    since = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.product_id


class WaitingVisitor(models.Model):
    """A visitor whose stored list is older than their history: whoever reads it composes it."""

    visitor_id = models.CharField(primary_key=True, max_length=100)
    version = models.BigIntegerField(help_text="What the list has once it is composed.")

    def __str__(self) -> str:
        return self.visitor_id


class SessionList(models.Model):
    """A list composed with events that are not folded yet, so that whoever else asks reads what the open page was sent.

    It counts while it is newer than the stored one. Emptied by a crash of Postgres, like the pages' patience.
    """

    visitor_id = models.CharField(primary_key=True, max_length=100)
    version = models.BigIntegerField()
    as_of = models.DateTimeField()
    items = models.JSONField()
    events = models.JSONField()
    seen = ArrayField(models.CharField(max_length=100))

    def __str__(self) -> str:
        return self.visitor_id


class ChangedVisitor(models.Model):
    """A visitor whose list changed and who has not been told yet: written with the list, sent by the relay."""

    id = models.BigAutoField(primary_key=True)
    visitor_id = models.CharField(max_length=100)
    version = models.BigIntegerField()
    changed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.visitor_id
