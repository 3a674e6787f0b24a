"""What waits in Postgres for Kafka: how much, and for how long."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from tracking.models import SpooledRecord


@dataclass(frozen=True, slots=True)
class Waiting:
    records: int
    age: timedelta
    """Of the oldest; 0 while nothing waits."""


def waiting() -> Waiting:
    oldest = SpooledRecord.objects.order_by("id").values_list("spooled_at", flat=True).first()
    if oldest is None:
        return Waiting(0, timedelta())
    return Waiting(SpooledRecord.objects.count(), max(timedelta(), timezone.now() - oldest))
