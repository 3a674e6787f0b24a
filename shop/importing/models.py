"""An import that was asked for in the admin: its file until it is done, how far it is, what came of it."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone

SILENT: Final = timedelta(minutes=2)
"""A worker says more often than this how far it is."""


class CatalogueImport(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", "waits for a worker"
        RUNNING = "running", "runs"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    name = models.CharField("file", max_length=200)
    content = models.BinaryField(null=True, editable=False)
    dry_run = models.BooleanField(default=True, help_text="Say what it would do, and do nothing.")
    hide_others = models.BooleanField(
        default=False, help_text="Hide every product of the shop that the file does not have."
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    doing = models.CharField(max_length=20, default="")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    outcome = models.JSONField(default=dict)
    failure = models.TextField(default="", help_text="Why it could not be tried.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    asked_at = models.DateTimeField(default=timezone.now)
    heard_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = "catalogue import"

    def __str__(self) -> str:
        return f"{self.name} ({'dry run' if self.dry_run else 'import'})"

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)

    @property
    def is_silent(self) -> bool:
        """Whether its worker has not been heard of for so long that it is no more."""
        return not self.is_over and timezone.now() - self.heard_at > SILENT
