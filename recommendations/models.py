"""The model that Spark keeps, and the lists derived from it.

Facts (`Pair`, `BasketPair`, `ProductCount`, `ProductRhythm`, `ProductHour`, `VisitorEvent`, `VisitorPerson`,
`Purchase`, `SeenEvent`) are written by one SQL function, `recommendations_fold`, in the transaction that also writes
the ledger; a rebuild from the log gives the same rows. So do those of `in_use/` and `experiments/`. `SimilarProducts`
and `VisitorList` are caches derived from them. `recommendations/sql/` holds the functions.

Bounds: `VisitorEvent` keeps 50 rows for each visitor seen in the last 90 days, `VisitorPerson` one; `SeenEvent`
keeps 24 hours; `Pair` keeps the top 200 of each product once pruned; `ProductHour` keeps 14 days; so do
`ReceivedMinute` and `FoldedMinute`, with at most 101 names for each source and minute, and `OriginDay`, with at most
201 origins a day;
`Purchase` has a row for each visitor and product bought, until the visitor is erased; `JudgedHour` one for each hour
and source; the rest one row a product.
"""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

# Django finds the models of an app here; these stand with what works on them.
from recommendations.experiments.models import Experiment, ExperimentArm, Exposure, ExposureHour
from recommendations.in_use.models import ListClick, ListHour, ListVisitor
from recommendations.rules.models import Rule

__all__ = [
    "Experiment",
    "ExperimentArm",
    "Exposure",
    "ExposureHour",
    "ListClick",
    "ListHour",
    "ListVisitor",
    "Rule",
]


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


class Pruning(models.Model):
    """What one pruning took away from the pairs, so that a comparison with a rebuild can tell it from an error."""

    at = models.DateTimeField()
    pairs = models.BigIntegerField()
    positive = models.FloatField()
    negative = models.FloatField()

    def __str__(self) -> str:
        return f"{self.pairs} pairs"


class ReceivedMinute(models.Model):
    """How many events of the log the collector had received in one minute: what the ledger holds its counts against."""

    minute = models.DateTimeField(primary_key=True)
    events = models.BigIntegerField(help_text="All of them, duplicates and those left out included.")

    def __str__(self) -> str:
        return f"{self.events} at {self.minute:%H:%M}"


class FoldedMinute(models.Model):
    """What the fold made of one source's events of one name, of those appended in one minute."""

    pk = models.CompositePrimaryKey("minute", "source", "event")
    minute = models.DateTimeField()
    source = models.CharField(
        max_length=200, help_text="Name of the write key; empty for events without one."
    )
    event = models.CharField(max_length=200, help_text="'(other)' for the names beyond the first hundred.")
    events = models.BigIntegerField(help_text="All of them, duplicates and those left out included.")
    duplicates = models.BigIntegerField(help_text="Had been seen within 24 hours and changed nothing.")
    left_out = models.BigIntegerField(help_text="Not for the model to learn from, and no duplicates.")

    def __str__(self) -> str:
        return f"{self.minute:%H:%M} {self.source} {self.event}"


class JudgedHour(models.Model):
    """What the lists were worth in one hour: each of its product events predicted before it was learned.

    The hour is that of judging. Random is what a list of as many products drawn from all known ones can expect.
    """

    pk = models.CompositePrimaryKey("hour", "source")
    hour = models.DateTimeField()
    source = models.CharField(
        max_length=200, help_text="Name of the write key; judged:... is a file that was played."
    )
    events = models.BigIntegerField(help_text="Predicted: a product that the visitor's history lacked.")
    passed_over = models.BigIntegerField(help_text="Not looked at, so that a large batch takes no longer.")
    hits_10 = models.BigIntegerField(help_text="Of the events, those whose product was among the first 10.")
    hits_20 = models.BigIntegerField()
    reciprocal = models.FloatField(help_text="Sum of 1 / place over the first 20.")
    popular_hits_10 = models.BigIntegerField(
        help_text="The same of the popular list, what was seen left out."
    )
    popular_hits_20 = models.BigIntegerField()
    popular_reciprocal = models.FloatField()
    random_hits_10 = models.FloatField()
    random_hits_20 = models.FloatField()
    random_reciprocal = models.FloatField()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:00} {self.source}: {self.events} events"
