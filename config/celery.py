"""The Celery application: `celery -A config worker` and `celery -A config beat`."""

import os
from typing import Any

import sdnotify
from celery import Celery
from celery.signals import beat_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("tributary")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
@beat_init.connect
def notify_ready(**_: Any) -> None:
    """Tells the process manager that this worker or beat is at work."""
    sdnotify.SystemdNotifier().notify("READY=1\nSTATUS=at work")
