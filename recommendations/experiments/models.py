"""Experiments: what is compared and when it will be decided (set by people), and who saw what (facts of the log).

Bounds: `Exposure` one row for each visitor of an experiment until a day after its stop; `ExposureHour` one row for each
arm and hour.
"""

from datetime import timedelta
from secrets import token_hex

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

SHARE = (MinValueValidator(0.0001), MaxValueValidator(0.9999))
RECOMMENDED = "recommended"


def new_salt() -> str:
    return token_hex(8)


def recommended_lists() -> list[str]:
    return [RECOMMENDED]


class Experiment(models.Model):
    """A question, and the rule by which it is answered. Once it has started nothing of it changes but its end."""

    class Metric(models.TextChoices):
        CLICK = "click", "click-through: the share of its visitors who click in the list"
        CONVERSION = (
            "conversion",
            "conversion: the share of its visitors who order what they clicked in the list",
        )

    name = models.CharField(max_length=100, unique=True)
    hypothesis = models.TextField(help_text="What you expect to change, and why.")
    list_ids = ArrayField(
        models.CharField(max_length=100),
        default=recommended_lists,
        verbose_name="lists",
        help_text="The lists that the arms change, comma-separated: seeing one of them is what brings a visitor in.",
    )
    metric = models.CharField(max_length=10, choices=Metric, default=Metric.CLICK)
    baseline = models.FloatField(
        validators=SHARE, help_text="The share of visitors who do so now: 0.05 for one in twenty. See In use."
    )
    effect = models.FloatField(
        validators=[MinValueValidator(0.01), MaxValueValidator(10)],
        verbose_name="smallest effect",
        help_text="The smallest change worth finding, relative to that share: 0.2 finds 5% against 6%.",
    )
    window = models.DurationField(
        default=timedelta(hours=24),
        validators=[MinValueValidator(timedelta(minutes=1)), MaxValueValidator(timedelta(days=30))],
        help_text="How long after a visitor first saw the list what they do counts.",
    )
    salt = models.CharField(
        max_length=32, default=new_salt, editable=False, help_text="Makes the assignment its own."
    )
    visitors_needed = models.PositiveIntegerField(
        null=True, editable=False, help_text="In each arm: then it is decided. Fixed at the start."
    )
    starts_at = models.DateTimeField(null=True, editable=False)
    stops_at = models.DateTimeField(null=True, editable=False)
    verdict = models.JSONField(null=True, editable=False, help_text="What was known when it was stopped.")

    class Meta:
        indexes = [models.Index(fields=["starts_at", "id"], name="experiment_start")]

    def __str__(self) -> str:
        return self.name


class ExperimentArm(models.Model):
    """One of the things that are compared: what its visitors' lists are made with."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="arms")
    name = models.CharField(max_length=50)
    control = models.BooleanField(default=False, help_text="What the others are compared with: as it is now.")
    share = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(100)], help_text="Percent of all visitors."
    )
    model = models.CharField(
        max_length=63, blank=True, help_text="Name of a second model; empty for the live one."
    )
    rules = models.CharField(
        max_length=100, blank=True, help_text="Name of a set of rules; empty for the usual ones."
    )
    parameters = models.JSONField(
        default=dict, blank=True, help_text='Settings of serving, as {"name": value}.'
    )

    class Meta:
        ordering = ["id"]
        verbose_name = "arm"
        constraints = [models.UniqueConstraint(fields=["experiment", "name"], name="arm_name")]

    def __str__(self) -> str:
        return self.name


class Exposure(models.Model):
    """A visitor who saw a list of an experiment, and what they did within its window. A fact."""

    pk = models.CompositePrimaryKey("visitor_id", "experiment_id")
    visitor_id = models.CharField(max_length=100)
    experiment_id = models.BigIntegerField()
    arm_id = models.BigIntegerField()
    clicked = models.BooleanField()
    converted = models.BooleanField()
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    appended_at = models.DateTimeField(help_text="Of the event by which they first saw it.")

    class Meta:
        indexes = [models.Index(fields=["experiment_id"], name="exposure_experiment")]

    def __str__(self) -> str:
        return f"{self.visitor_id} in arm {self.arm_id}"


class ExposureHour(models.Model):
    """The visitors who came to an arm in one hour, and how many of these then clicked and ordered. A fact."""

    pk = models.CompositePrimaryKey("arm_id", "hour")
    arm_id = models.BigIntegerField()
    hour = models.DateTimeField()
    visitors = models.BigIntegerField()
    clicked = models.BigIntegerField()
    converted = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.visitors} visitors at {self.hour}"
