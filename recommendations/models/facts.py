"""The model that Spark keeps: written by one SQL function, `recommendations_fold`, in the transaction that also
writes the ledger; a rebuild from the log gives the same rows. So are those of `in_use/` and `experiments/`.

Bounds: `VisitorEvent` keeps 50 rows for each visitor seen in the last 90 days, `VisitorPerson` one; `SeenEvent`
keeps 24 hours; `Pair` keeps the top 200 of each product once pruned; `ProductHour` keeps 14 days; so does
`OriginDay`, with at most 201 origins a day; `Purchase` has a row for each visitor and product bought, until the
visitor is erased; the rest one row a product.
"""

from django.db import models


class VisitorEvent(models.Model):
    """One of a visitor's newest product events, in the order of the log."""

    pk = models.CompositePrimaryKey("visitor_id", "position")
    visitor_id = models.CharField(max_length=100)
    position = models.BigIntegerField(help_text="1 for the visitor's first product event.")
    product_id = models.CharField(max_length=100)
    event = models.CharField(max_length=200)
    weight = models.FloatField()
    event_id = models.CharField(max_length=100)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    batch_id = models.BigIntegerField(help_text="Spark's batch that folded it; the ledger has its row.")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    appended_at = models.DateTimeField(help_text="When the brokers appended it to the log.")
    computed_at = models.DateTimeField(help_text="When Spark's batch folded it.")

    class Meta:
        indexes = [models.Index(fields=["partition", "appended_at"], name="visitorevent_age")]

    def __str__(self) -> str:
        return f"{self.event} {self.product_id}"


class VisitorPerson(models.Model):
    """Who a visitor is known to be, by a random id: the visitors of one person have their histories read together.

    The visitor's newest event with a person decides, and its place in the log stands here.
    """

    visitor_id = models.CharField(primary_key=True, max_length=100)
    person_id = models.CharField(max_length=100)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    appended_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["person_id", "-appended_at", "visitor_id"], name="visitorperson_person"),
            models.Index(fields=["partition", "appended_at"], name="visitorperson_age"),
        ]

    def __str__(self) -> str:
        return f"{self.visitor_id} is {self.person_id}"


class VisitorOrigin(models.Model):
    """Where a visitor came from last: a campaign's source, or the host of the page that led here."""

    visitor_id = models.CharField(primary_key=True, max_length=100)
    origin = models.CharField(max_length=100)
    partition = models.IntegerField()
    appended_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["partition", "appended_at"], name="visitororigin_age")]

    def __str__(self) -> str:
        return f"{self.visitor_id} from {self.origin}"


class OriginDay(models.Model):
    """How much a product was looked at on one day by visitors who came from one place."""

    pk = models.CompositePrimaryKey("day", "origin", "product_id")
    day = models.DateTimeField()
    origin = models.CharField(max_length=100, help_text="'(other)' for those beyond the first 200 of a day.")
    product_id = models.CharField(max_length=100)
    weight = models.FloatField()

    def __str__(self) -> str:
        return f"{self.product_id} from {self.origin}"


class SeenEvent(models.Model):
    """An event of the last 24 hours, so that the same one sent again changes nothing."""

    key = models.UUIDField(primary_key=True, help_text="MD5 of visitorId and eventId.")
    partition = models.IntegerField()
    appended_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["partition", "appended_at"], name="seenevent_age")]

    def __str__(self) -> str:
        return str(self.key)


class ProductCount(models.Model):
    """How much a product was looked at, decayed: n of the similarity."""

    product_id = models.CharField(primary_key=True, max_length=100)
    positive = models.FloatField()
    negative = models.FloatField()
    baskets = models.FloatField(db_default=0, help_text="Of `positive` what came of basket events.")

    def __str__(self) -> str:
        return self.product_id


class ProductHour(models.Model):
    """How much a product was looked at in one hour: what trending compares."""

    pk = models.CompositePrimaryKey("hour", "product_id")
    hour = models.DateTimeField()
    product_id = models.CharField(max_length=100)
    weight = models.FloatField()

    def __str__(self) -> str:
        return f"{self.product_id} at {self.hour}"


class Pair(models.Model):
    """How much two products were looked at together, decayed: w of the similarity. Kept in both directions."""

    pk = models.CompositePrimaryKey("product_id", "other_id")
    product_id = models.CharField(max_length=100)
    other_id = models.CharField(max_length=100)
    positive = models.FloatField()
    negative = models.FloatField()

    def __str__(self) -> str:
        return f"{self.product_id} with {self.other_id}"


class BasketPair(models.Model):
    """How much two products were in baskets and orders together, decayed. Kept in both directions."""

    pk = models.CompositePrimaryKey("product_id", "other_id")
    product_id = models.CharField(max_length=100)
    other_id = models.CharField(max_length=100)
    positive = models.FloatField()
    negative = models.FloatField()

    def __str__(self) -> str:
        return f"{self.product_id} with {self.other_id}"


class Purchase(models.Model):
    """What one visitor bought of one product."""

    pk = models.CompositePrimaryKey("visitor_id", "product_id")
    visitor_id = models.CharField(max_length=100)
    product_id = models.CharField(max_length=100)
    times = models.IntegerField(help_text="Orders with it, less those given back.")
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.times} x {self.product_id}"


class ProductRhythm(models.Model):
    """How long visitors wait until they buy the product again: `days` / `gaps` on average."""

    product_id = models.CharField(primary_key=True, max_length=100)
    gaps = models.BigIntegerField(
        help_text="Times between two purchases of one visitor, of half a day to a year."
    )
    days = models.FloatField(help_text="Their sum.")

    def __str__(self) -> str:
        return self.product_id
