"""What is watched, what is wrong now and was, who is told, and what is silenced.

Bounds: an `Alert` that has ended and its `Notice`s are kept for 90 days, and so is a `Silence`.
"""

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models.functions import Now

from streaming.metrics.definitions import APART, METRICS


class AlertRule(models.Model):
    """When something is wrong: a metric that is above or below a number, or that is not measured, for some time."""

    class Condition(models.TextChoices):
        ABOVE = "above", "is above"
        BELOW = "below", "is below"
        ABSENT = "absent", "has no data"

    name = models.CharField(max_length=100, unique=True, help_text="What is wrong then, in words.")
    metric = models.CharField(max_length=100, choices=[(metric.name, metric.name) for metric in METRICS])
    label = models.CharField(
        max_length=200, blank=True, help_text="Only of this query, group, broker or outcome; empty: of any."
    )
    condition = models.CharField(max_length=10, choices=Condition, default=Condition.ABOVE)
    threshold = models.FloatField(default=0, help_text="Not used where data is missing.")
    seconds = models.PositiveIntegerField(
        default=60,
        validators=[MinValueValidator(10), MaxValueValidator(3600)],
        help_text="How long it must be so.",
    )
    is_active = models.BooleanField(default=True)
    mail_to = ArrayField(
        models.EmailField(),
        default=list,
        blank=True,
        help_text="Who is mailed, with commas between; empty: as the setting ALERT_MAIL_TO says.",
    )
    webhook = models.CharField(
        max_length=500,
        blank=True,
        validators=[URLValidator(["http", "https"])],
        help_text="Where a JSON notice is posted; empty: as the setting ALERT_WEBHOOK says.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.label and not any(metric.name == self.metric and metric.labels for metric in METRICS):
            raise ValidationError(
                {"label": "This metric is measured once, not of several things: leave it empty."}
            )

    @property
    def in_words(self) -> str:
        of = f" of {self.label}" if self.label else ""
        if self.condition == self.Condition.ABSENT:
            return f"{self.metric}{of} has no data for {self.seconds} s"
        return f"{self.metric}{of} is {self.condition} {self.threshold:g} for {self.seconds} s"


class Alert(models.Model):
    """That a rule's condition was met by one thing that it watches, from when until when."""

    id = models.BigAutoField(primary_key=True)
    rule = models.ForeignKey(AlertRule, models.CASCADE, related_name="alerts")
    label = models.CharField(max_length=200, blank=True)
    value = models.FloatField(null=True, help_text="As measured last; unknown where data is missing.")
    fired_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When it was last looked at with data at hand.")
    told_at = models.DateTimeField(
        null=True, help_text="When notices were made of it: not while it is silenced."
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "label"], condition=models.Q(ended_at=None), name="alert_fires_once"
            )
        ]
        indexes = [models.Index(fields=["ended_at"], name="alert_ended_at")]

    def __str__(self) -> str:
        return f"{self.rule.name}: {self.of}" if self.label else self.rule.name

    @property
    def of(self) -> str:
        """What it is about, as people read it."""
        return self.label.replace(APART, ", ")


class Silence(models.Model):
    """For some time nobody is told of a rule's alerts; they are shown nevertheless."""

    id = models.BigAutoField(primary_key=True)
    rule = models.ForeignKey(AlertRule, models.CASCADE, related_name="silences")
    created_at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()
    by = models.CharField(max_length=150)
    reason = models.CharField(max_length=300)

    def __str__(self) -> str:
        return f"{self.rule} until {self.until:%Y-%m-%d %H:%M}"


class Notice(models.Model):
    """A mail or a webhook's call that is to be sent, is tried again where it fails, or was sent."""

    class Channel(models.TextChoices):
        MAIL = "mail"
        WEBHOOK = "webhook"

    class About(models.TextChoices):
        FIRED = "fired"
        ENDED = "ended"

    id = models.BigAutoField(primary_key=True)
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="notices")
    about = models.CharField(max_length=10, choices=About)
    channel = models.CharField(max_length=10, choices=Channel)
    address = models.CharField(max_length=500)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, help_text="Empty once it was sent or is given up.")
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, help_text="Why the last try failed.")

    class Meta:
        indexes = [models.Index(fields=["next_try_at"], name="notice_next_try_at")]

    def __str__(self) -> str:
        return f"{self.channel} to {self.address}: {self.alert} {self.about}"
