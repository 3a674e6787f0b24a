"""Keeps the samples' size bounded: minutes are made of samples and hours of minutes, and each is kept for its time."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from streaming.models import RolledSample, Sample

SAMPLES_FOR: Final = timedelta(hours=6)
KEPT_FOR: Final = {
    RolledSample.Step.MINUTE: timedelta(days=14),
    RolledSample.Step.HOUR: timedelta(days=400),
}

MINUTES: Final = """
    SELECT 'minute', metric, date_trunc('minute', at) AS step_at, label,
           count(*), avg(value), min(value), max(value)
    FROM streaming_sample WHERE at >= %(since)s GROUP BY metric, step_at, label
"""
HOURS: Final = """
    SELECT 'hour', metric, date_trunc('hour', at) AS step_at, label,
           sum(samples), sum(mean * samples) / sum(samples), min(least), max(most)
    FROM streaming_rolledsample WHERE step = 'minute' AND at >= %(since)s GROUP BY metric, step_at, label
"""
ROLL: Final = """
    INSERT INTO streaming_rolledsample (step, metric, at, label, samples, mean, least, most) {rows}
    ON CONFLICT (step, metric, at, label) DO UPDATE
        SET samples = excluded.samples, mean = excluded.mean, least = excluded.least, most = excluded.most
"""


def roll_up(now: datetime) -> None:
    """Rolls up what came since the newest minute and hour, and those two again: they may have gone on.

    What goes on now is rolled up as far as it has come, so that the longest range, too, ends at the present.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        for step, rows, oldest in (
            (RolledSample.Step.MINUTE, MINUTES, now - SAMPLES_FOR),
            (RolledSample.Step.HOUR, HOURS, now - KEPT_FOR[RolledSample.Step.MINUTE]),
        ):
            cursor.execute("SELECT max(at) FROM streaming_rolledsample WHERE step = %s", [step])
            newest = cursor.fetchone()[0]
            cursor.execute(
                ROLL.format(rows=rows), {"since": _whole_hour(oldest) if newest is None else newest}
            )


def drop_old_samples(now: datetime) -> None:
    """Removes what has had its time. It is rolled up first, so that nothing goes before it is counted."""
    roll_up(now)
    Sample.objects.filter(at__lt=_whole_hour(now - SAMPLES_FOR)).delete()
    for step, kept in KEPT_FOR.items():
        RolledSample.objects.filter(step=step, at__lt=_whole_hour(now - kept)).delete()


def _whole_hour(at: datetime) -> datetime:
    """A step that is half removed would be rolled up wrong, were it rolled up again."""
    return at.replace(minute=0, second=0, microsecond=0)
