"""The ledger: what of the log has been applied. Written only by Spark's sink, with the facts, in one transaction."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, RangeOperators
from django.db import models

# Django finds the models of an app here; these stand with what works on them.
from streaming.alerts.models import Alert, AlertRule, Notice, Silence
from streaming.drills.models import DrillRun

__all__ = ["Alert", "AlertRule", "DrillRun", "Notice", "Silence"]


class Query(models.Model):
    """A streaming query of the Spark application and the driver that owns it."""

    name = models.CharField(primary_key=True, max_length=100)
    checkpoint = models.CharField(
        max_length=100, help_text="The run that owns the query; an older driver's batches are refused."
    )
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When the driver last said that it is alive.")
    error = models.TextField(blank=True, help_text="Why the last run ended, if it failed.")

    class Meta:
        verbose_name = "Spark query"
        verbose_name_plural = "Spark queries"

    def __str__(self) -> str:
        return self.name


class Position(models.Model):
    """How far a query has applied a partition: the next offset that it will read."""

    pk = models.CompositePrimaryKey("query_id", "topic", "partition")
    query = models.ForeignKey(Query, models.CASCADE)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    appended_at = models.DateTimeField(null=True, help_text="When the newest applied event was appended.")

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition} at {self.offset}"


class Batch(models.Model):
    """One micro-batch that was applied: events = folded + duplicates + rejected.

    After a day the batches of an hour are merged into the newest of them, so that the ledger stays small.
    """

    id = models.BigAutoField(primary_key=True)
    query = models.ForeignKey(Query, models.CASCADE)
    checkpoint = models.CharField(max_length=100)
    batch_id = models.BigIntegerField(help_text="Spark's number of the batch within its checkpoint.")
    batches = models.BigIntegerField(default=1, db_default=1, help_text="Batches merged into this row.")
    events = models.BigIntegerField(help_text="Records read.")
    duplicates = models.BigIntegerField(help_text="Events seen before within 24 hours.")
    rejected = models.BigIntegerField(help_text="Records that are not events of the contract.")
    visitors = models.BigIntegerField(help_text="Visitors whose list was computed.")
    first_appended_at = models.DateTimeField(null=True)
    last_appended_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(help_text="When Spark handed the batch to the sink.")
    committed_at = models.DateTimeField(help_text="When its transaction was about to commit.")
    durations = models.JSONField(help_text="Milliseconds by stage: read, copy, fold, lists.")

    class Meta:
        verbose_name_plural = "batches"
        constraints = [models.UniqueConstraint(fields=["query", "checkpoint", "batch_id"], name="batch_once")]
        indexes = [models.Index(fields=["committed_at"], name="batch_committed_at")]

    def __str__(self) -> str:
        return f"{self.query_id} batch {self.batch_id}"


class BatchRange(models.Model):
    """The offsets of one partition that a batch applied. No offset can be in two rows: Postgres refuses it."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="ranges")
    query = models.ForeignKey(Query, models.CASCADE)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offsets = BigIntegerRangeField(help_text="From (included) to (excluded).")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="offset_applied_once",
                expressions=[
                    ("query", RangeOperators.EQUAL),
                    ("topic", RangeOperators.EQUAL),
                    ("partition", RangeOperators.EQUAL),
                    ("offsets", RangeOperators.OVERLAPS),
                ],
            )
        ]

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition} {self.offsets}"


class RejectedRecord(models.Model):
    """A record of the log that is no event of the contract; the record itself stays in the log."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, models.CASCADE)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}@{self.offset}: {self.reason}"


class Sample(models.Model):
    """One measurement of one metric, taken by a periodic task; the charts of the admin are drawn from these."""

    id = models.BigAutoField(primary_key=True)
    metric = models.CharField(max_length=100)
    label = models.CharField(
        max_length=200, blank=True, help_text="What it was measured of: a group, a partition."
    )
    at = models.DateTimeField()
    value = models.FloatField()

    class Meta:
        indexes = [
            models.Index(fields=["metric", "at"], name="sample_metric_at"),
            models.Index(fields=["at"], name="sample_at"),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.label} = {self.value}"


class Change(models.Model):
    """A change of the cluster or of what belongs to it, made or tried in the admin or by a command. Never deleted."""

    class State(models.TextChoices):
        BEGUN = "begun", "begun"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    username = models.CharField(max_length=200, help_text="Who, also once that user is no more.")
    action = models.CharField(max_length=100)
    subject = models.CharField(max_length=300, help_text="What was changed: a topic, a group, a broker.")
    state = models.CharField(max_length=10, choices=State, default=State.BEGUN)
    before = models.JSONField(help_text="What stood there, by name.")
    after = models.JSONField(help_text="What was to stand there; once it is done, what stands there.")
    error = models.TextField(blank=True, help_text="Why it was not done.")

    class Meta:
        default_permissions = ("view",)
        permissions = [
            ("create_topic", "Can create topics"),
            ("change_topic", "Can change settings of topics and add partitions"),
            ("truncate_topic", "Can delete records of topics"),
            ("delete_topic", "Can delete topics"),
            ("reassign_partition", "Can move partitions to other brokers"),
            ("elect_leader", "Can have leaders elected"),
            ("change_broker", "Can change brokers, take them out and add them"),
            ("produce_message", "Can produce messages"),
            ("reset_offsets", "Can reset offsets of groups"),
            ("delete_group", "Can delete groups"),
            ("silence_alert", "Can silence alerts"),
        ]
        indexes = [models.Index(fields=["subject", "-at"], name="change_subject_at")]

    def __str__(self) -> str:
        return f"{self.action}: {self.subject}"


class RolledSample(models.Model):
    """The samples of one metric and label within one minute or hour, rolled up."""

    class Step(models.TextChoices):
        MINUTE = "minute"
        HOUR = "hour"

    pk = models.CompositePrimaryKey("step", "metric", "at", "label")
    step = models.CharField(max_length=6, choices=Step.choices)
    metric = models.CharField(max_length=100)
    at = models.DateTimeField(help_text="When the step began.")
    label = models.CharField(max_length=200, blank=True)
    samples = models.BigIntegerField()
    mean = models.FloatField()
    least = models.FloatField()
    most = models.FloatField()

    class Meta:
        indexes = [models.Index(fields=["step", "at"], name="rolledsample_age")]

    def __str__(self) -> str:
        return f"{self.metric} {self.label} = {self.mean} over a {self.step}"
