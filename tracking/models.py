"""What the collector keeps in Postgres: keys, the spool, refused events, who is known, and counts by the minute."""

import secrets

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Now

from tracking.events import MAX_ID_LENGTH, MAX_NAME_LENGTH

# Django finds the models of an app here; these stand with what works on them.
from tracking.held.models import IndexedPartition, VisitorBlock

__all__ = ["IndexedPartition", "VisitorBlock"]


def new_write_key() -> str:
    """A key that nobody can guess: 32 characters, URL-safe."""
    return secrets.token_urlsafe(24)


class WriteKey(models.Model):
    """Who may send events. Its name stands on each of its events as their `source`."""

    class Kind(models.TextChoices):
        BROWSER = "browser", "browser: public, speaks for the cookie's visitor"
        SERVER = "server", "server: secret, speaks for any visitor"

    name = models.CharField(max_length=100, unique=True, help_text="Stands on each event as its source.")
    key = models.CharField(max_length=100, unique=True, default=new_write_key)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.BROWSER)
    is_active = models.BooleanField(default=True, help_text="Switched off, it is refused within seconds.")
    for_pages = models.BooleanField(
        default=False, help_text="The shop's own pages use the newest active key that is marked so."
    )
    allowed_origins = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="Sites whose pages may send with it, like https://shop.example; empty: any.",
    )
    rate_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Events a second for each web process; empty: no limit.",
    )
    may_backfill = models.BooleanField(default=False, help_text="May send events of more than 30 days ago.")
    may_identify = models.BooleanField(
        default=True,
        help_text="Its identify and alias calls join visitors to users, whose history they then share.",
    )
    may_erase = models.BooleanField(default=False, help_text="May erase any visitor: never for a public key.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_seen_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.name


class VisitorKey(models.Model):
    """The key that a visitor's identifying data is encrypted with, in the log and elsewhere. Erasure deletes it."""

    visitor_id = models.CharField(primary_key=True, max_length=MAX_ID_LENGTH)
    key = models.BinaryField(max_length=16, help_text="AES-128.")
    person_id = models.CharField(max_length=MAX_ID_LENGTH, null=True, db_index=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.visitor_id


class Person(models.Model):
    """A user as the log knows them: by a random id. Without this row, nobody can tell whose id it was."""

    user_token = models.CharField(primary_key=True, max_length=64, help_text="HMAC-SHA256 of the user's id.")
    person_id = models.CharField(max_length=MAX_ID_LENGTH, db_index=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.person_id


class SpooledRecord(models.Model):
    """A record that waits for Kafka. Its sender was told that it is kept; the relay sends it on and deletes it."""

    id = models.BigAutoField(primary_key=True)
    topic = models.CharField(max_length=249)
    key = models.CharField(max_length=MAX_ID_LENGTH, null=True, help_text="The visitor; their order is kept.")
    value = models.BinaryField(null=True, help_text="NULL is a tombstone: the visitor was erased.")
    source = models.CharField(max_length=100, default="", help_text="The name of the write key.")
    tried = models.BooleanField(
        default=False, help_text="It was sent before without an answer: it may land twice."
    )
    spooled_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["key", "id"], name="spooledrecord_key")]

    def __str__(self) -> str:
        return f"{self.topic} {self.id}"


class RejectedEvent(models.Model):
    """A refused event as `activity.rejected` has it, for the admin: why, and what became of it."""

    id = models.BigAutoField(primary_key=True)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    rejected_at = models.DateTimeField(db_index=True)
    source = models.CharField(max_length=100)
    reason = models.CharField(max_length=30)
    field = models.CharField(max_length=200)
    detail = models.TextField()
    visitor_id = models.CharField(max_length=MAX_ID_LENGTH, null=True, db_index=True)
    message_id = models.CharField(max_length=MAX_ID_LENGTH, null=True)
    record = models.BinaryField(help_text="The record's value, whole.")
    replayed_at = models.DateTimeField(null=True)
    replayed_by = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partition", "offset"], name="rejectedevent_once")]

    def __str__(self) -> str:
        return f"{self.reason}: {self.field} {self.detail}"


class Erasure(models.Model):
    """That a visitor was erased: who asked for it, and what went."""

    id = models.BigAutoField(primary_key=True)
    visitor_id = models.CharField(max_length=MAX_ID_LENGTH, db_index=True)
    erased_at = models.DateTimeField(db_default=Now())
    asked_by = models.CharField(max_length=150, help_text="'visitor', a key's name, or an admin's.")
    deleted = models.JSONField(default=dict, help_text="Rows deleted, by table.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.visitor_id


class CollectorRun(models.Model):
    """A collector's process. One that is neither alive nor ended was killed, and what it had not counted is lost."""

    id = models.UUIDField(primary_key=True)
    started_at = models.DateTimeField(db_default=Now())
    counted_at = models.DateTimeField(help_text="All that it accepted before this is counted.")
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"since {self.started_at:%Y-%m-%d %H:%M:%S}"


class CollectedMinute(models.Model):
    """What the collector made of one source's events of one name that were received in one minute."""

    pk = models.CompositePrimaryKey("minute", "source", "event")
    minute = models.DateTimeField()
    source = models.CharField(max_length=100)
    event = models.CharField(max_length=MAX_NAME_LENGTH)
    accepted = models.BigIntegerField(default=0, help_text="Answered as accepted.")
    spooled = models.BigIntegerField(default=0, help_text="Of the accepted: went through the spool.")
    tried = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="Of the spooled: sent before without an answer, so perhaps there twice.",
    )
    resent = models.BigIntegerField(default=0, help_text="Of those: had reached the topic after all.")
    erased = models.BigIntegerField(
        default=0, db_default=0, help_text="Of the spooled: deleted with their visitor before Kafka had them."
    )
    bots = models.BigIntegerField(default=0, help_text="Of the accepted: from a bot.")
    rejected = models.BigIntegerField(default=0, help_text="Refused, and kept with the reason.")
    dropped = models.BigIntegerField(default=0, help_text="Refused, and beyond what is kept of a source.")
    without_consent = models.BigIntegerField(default=0, help_text="Counted here and nowhere else.")

    def __str__(self) -> str:
        return f"{self.minute:%H:%M} {self.source} {self.event}"
