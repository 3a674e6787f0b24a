"""What became of each drill: kept for comparison."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class DrillRun(models.Model):
    """One drill, from its start to its report. The drill's own process writes it anew every second."""

    class State(models.TextChoices):
        RUNNING = "running", "running"
        PASSED = "passed", "passed"
        FAILED = "failed", "failed"
        INTERRUPTED = "interrupted", "interrupted"
        REFUSED = "refused", "did not run"

    id = models.BigAutoField(primary_key=True)
    drill = models.CharField(max_length=30)
    state = models.CharField(max_length=20, choices=State.choices, default=State.RUNNING)
    reason = models.TextField(blank=True, help_text="Why it did not run, or what went wrong with it.")
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(db_default=Now(), help_text="When its process last wrote.")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    report = models.JSONField(
        default=dict, help_text="Timeline, numbers, checks and series; see recording.py."
    )

    class Meta:
        permissions = [("run_drill", "Can run drills")]
        indexes = [models.Index(fields=["drill", "-id"], name="drillrun_drill")]

    def __str__(self) -> str:
        return f"{self.drill} at {self.started_at:%Y-%m-%d %H:%M}"


def close(run: int) -> None:
    """Marks a run whose process has ended without saying how."""
    DrillRun.objects.filter(pk=run, state=DrillRun.State.RUNNING).update(
        state=DrillRun.State.INTERRUPTED,
        ended_at=Now(),
        reason="Its process was killed; what it had struck was put back.",
    )
