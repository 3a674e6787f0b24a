"""When an event happened, by a sender whose clock may be wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tracking.refusals import Reason, RejectedError

OLDEST: Final = timedelta(days=30)
NEWEST: Final = timedelta(hours=24)
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM: Final = 100_000_000_000
"""A number of at least this is milliseconds since 1970, a smaller one seconds."""


def time_of(value: Any, field: str) -> datetime | None:
    """A time as senders write it: ISO 8601, without a zone UTC, or a number since 1970. None where there is none.

    Raises RejectedError.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value >= MILLISECONDS_FROM else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise RejectedError(Reason.MALFORMED, field, f"is {str(value)[:40]!r}; it accepts ISO 8601")


def occurred_at(
    happened: datetime | None, sent: datetime | None, received: datetime, *, may_backfill: bool
) -> datetime:
    """receivedAt - (sentAt - timestamp), which takes a wrong clock out; never later than `received`.

    Without either time, `received`. Raises RejectedError where the result is out of range.
    """
    if happened is None or sent is None:
        return received
    try:
        age = sent - happened
        moment = received - age
    except OverflowError:
        raise RejectedError(Reason.CLOCK, "timestamp", "is out of any clock's range") from None
    if age < -NEWEST:
        raise RejectedError(Reason.CLOCK, "timestamp", f"is more than {NEWEST.days * 24} hours after sentAt")
    if may_backfill and moment < EARLIEST:
        raise RejectedError(Reason.CLOCK, "timestamp", f"is before {EARLIEST.year}")
    if age > OLDEST and not may_backfill:
        raise RejectedError(
            Reason.CLOCK,
            "timestamp",
            f"is more than {OLDEST.days} days before sentAt; a write key that may backfill can send it",
        )
    return min(received, moment)
