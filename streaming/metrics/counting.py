"""Rates from what is counted by the minute and by the hour."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Sum

from recommendations.models import FoldedMinute, ListHour
from streaming.metrics import definitions as metrics
from streaming.metrics.definitions import Metric
from tracking.models import CollectedMinute

MOST_EVENTS: Final = 10
MOST_LISTS: Final = 6
MOST_POSITIONS: Final = 10
REST: Final = "all others"

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
CONVERSION_HOURS: Final = 24


def read_collected(now: datetime) -> Iterator[tuple[Metric, tuple[str, ...], float]]:
    """What came in, a second. The minute that goes on is not over, so the one before it counts as well."""
    since = now.replace(second=0, microsecond=0) - MINUTE
    seconds = (now - since).total_seconds()
    minutes = {"minute__gte": since, "minute__lte": now}
    counted = CollectedMinute.objects.filter(**minutes).aggregate(
        accepted=Sum("accepted", default=0),
        rejected=Sum("rejected", default=0),
        spooled=Sum("spooled", default=0),
    )
    counted |= FoldedMinute.objects.filter(**minutes).aggregate(duplicate=Sum("duplicates", default=0))
    for outcome, number in counted.items():
        yield metrics.COLLECTED, (outcome,), float(number) / seconds

    hour = CollectedMinute.objects.filter(minute__gt=now - HOUR, accepted__gt=0)
    known = [*hour.values_list("event", flat=True).annotate(n=Sum("accepted")).order_by("-n", "event")]
    rates = dict.fromkeys(known[:MOST_EVENTS], 0.0) | ({REST: 0.0} if len(known) > MOST_EVENTS else {})
    recent = CollectedMinute.objects.filter(**minutes).values_list("event").annotate(n=Sum("accepted"))
    for event, number in recent:
        if number:
            rates[event if event in rates else REST] += number / seconds
    yield from ((metrics.ACCEPTED_BY_EVENT, (event,), rate) for event, rate in rates.items())


def read_lists(now: datetime) -> Iterator[tuple[Metric, tuple[str, ...], float]]:
    """What became of the lists, an hour. As above, the hour before counts as well."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    day = this_hour - CONVERSION_HOURS * HOUR
    hours = (now - day) / HOUR
    sums = ListHour.objects.filter(hour__gte=day).values_list("list_id")
    by_list = sums.annotate(clicks=Sum("clicks"), conversions=Sum("conversions")).order_by(
        "-clicks", "list_id"
    )
    lists = list(by_list[:MOST_LISTS])
    for list_id, _, conversions in lists:
        yield metrics.CONVERSIONS, (list_id,), conversions / hours

    clicked: Counter[tuple[str, str]] = Counter()
    recent = ListHour.objects.filter(
        hour__gte=this_hour - HOUR, list_id__in=[list_id for list_id, *_ in lists]
    )
    for list_id, position, clicks in recent.values_list("list_id", "position").annotate(n=Sum("clicks")):
        clicked[list_id, _place(position)] += clicks
    yield from _an_hour(clicked, (now - this_hour + HOUR) / HOUR)


def _place(position: int) -> str:
    return f"{MOST_POSITIONS + 1}+" if position > MOST_POSITIONS else str(position)


def _an_hour(
    clicked: Mapping[tuple[str, str], int], hours: float
) -> Iterator[tuple[Metric, tuple[str, ...], float]]:
    yield from ((metrics.CLICKS, of, clicks / hours) for of, clicks in clicked.items())
