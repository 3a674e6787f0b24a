"""What the fold, the judge and pruning write down of their own work.

`ReceivedMinute` and `FoldedMinute` keep 14 days, the latter with at most 101 names for each source and minute;
`JudgedHour` has one row for each hour and source.
"""

from django.db import models


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
