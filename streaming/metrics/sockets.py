"""What the web processes send to open pages, as each of them tells it in Valkey."""

import logging
import statistics
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from recommendations.session.figures import HASH, RATE_SECONDS, Figures, decode
from streaming.metrics import definitions as metrics
from streaming.metrics.definitions import Metric

TIMEOUT: Final = 1.0

logger = logging.getLogger(__name__)


def read_sockets(now: datetime) -> Iterator[tuple[Metric, tuple[str, ...], float]]:
    """Sums over all web processes; nothing while Valkey does not answer."""
    told = _told()
    if told is None:
        return
    yield metrics.SOCKETS, (), float(sum(each.sockets for each in told))
    yield metrics.PUSHED, (), sum(each.sent for each in told) / RATE_SECONDS
    if lists := sum(each.lists for each in told):
        yield metrics.FAN_OUT, (), sum(each.pages for each in told) / lists
    if seconds := sorted(second for each in told for second in each.seconds):
        yield metrics.PAGE_MEDIAN, (), statistics.median(seconds)
        yield metrics.PAGE_P99, (), slowest_hundredth(seconds)


def slowest_hundredth(ordered: list[float]) -> float:
    """The 99th percentile by linear interpolation, as Postgres' percentile_cont."""
    place = 0.99 * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _told() -> list[Figures] | None:
    client: Any = Redis.from_url(settings.VALKEY_URL, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT)
    try:
        told, ended = decode(client.hgetall(HASH))
        if ended:
            client.hdel(HASH, *ended)
        return told
    except RedisError as error:
        logger.debug("What is pushed is not known: %s", error)
        return None
    finally:
        client.close()
