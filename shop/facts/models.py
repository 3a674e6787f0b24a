"""The tables of the event store, and how far each follower has read it."""

from django.db import models


class StoredEvent(models.Model):
    """A fact. Rows are only ever added; the `eventsourcing` library writes and reads them (shop/facts/recorder.py)."""

    notification_id = models.BigAutoField(primary_key=True)
    """Its place in the order in which facts became visible: without gaps that are filled later."""
    originator_id = models.UUIDField()
    """The basket, order or product's stock that it happened to."""
    originator_version = models.BigIntegerField()
    topic = models.TextField()
    state = models.BinaryField()

    class Meta:
        db_table = "shop_events"
        constraints = [
            models.UniqueConstraint(
                fields=["originator_id", "originator_version"], name="shop_event_happens_once"
            )
        ]


class Snapshot(models.Model):
    """The state of an aggregate at a version, so that a long history need not be read from its beginning."""

    id = models.BigAutoField(primary_key=True)
    originator_id = models.UUIDField()
    originator_version = models.BigIntegerField()
    topic = models.TextField()
    state = models.BinaryField()

    class Meta:
        db_table = "shop_snapshots"
        constraints = [
            models.UniqueConstraint(fields=["originator_id", "originator_version"], name="shop_snapshot_once")
        ]


class Position(models.Model):
    """Up to which fact a follower has done its work; committed together with that work."""

    follower = models.CharField(max_length=40, primary_key=True)
    notification_id = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "shop_position"
