"""Runs a drill from its start to its report."""

import asyncio
import logging
import math
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psycopg
from confluent_kafka import KafkaException
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from kafka.errors import KafkaError

from services.home import Home
from services.state import read_state
from streaming.changes import RefusedError
from streaming.connection import UnansweredError
from streaming.drills import log
from streaming.drills.afterwards import check
from streaming.drills.drill import Drill
from streaming.drills.models import DrillRun
from streaming.drills.partitions import NeverError
from streaming.drills.parts import NotBackError, NotHereError, Parts
from streaming.drills.putting_back import Debts, open_debts
from streaming.drills.recording import Recording
from streaming.drills.stage import Stage
from streaming.drills.starting import only_one
from streaming.rebuild.beside import BusyModelError
from streaming.rebuild.log import LogUnreadableError
from tracking.database import in_database

logger = logging.getLogger(__name__)

RATE: Final = 200
"""Events per second, beside what the shop's own visitors send."""
SAMPLE_SECONDS: Final = 1.0
KNOWN_SECONDS: Final = 3.0
SAVE_TRIES: Final = 60


@dataclass(frozen=True, slots=True)
class Order:
    """How a drill is to be run."""

    rate: int = RATE
    rebuild: bool = True
    """Whether the model is compared with a rebuild at the end, which reads the whole log."""


def run(drill: Drill, record: DrillRun, order: Order) -> DrillRun:
    """Runs it in an event loop of its own; the record is saved with its report. Raises BusyDrillError."""
    home = Home.from_environment()
    recording = Recording()
    with only_one(home), open_debts(home) as debts, debts.owing("close", run=record.pk):
        asyncio.run(_run(drill, record, order, home, recording, debts))
    return record


async def _run(
    drill: Drill, record: DrillRun, order: Order, home: Home, recording: Recording, debts: Debts
) -> None:
    me = asyncio.current_task()
    assert me is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    keeping = asyncio.create_task(_keep(record, recording))
    state, reason = DrillRun.State.FAILED, "It ended by an error of its own: see log/drill.log."
    try:
        shop = read_state(home)
        if shop is None or shop.shop is None:
            raise NotHereError("No stack runs here: start it with `make up`.")
        stage = Stage(shop.shop, settings.WRITE_KEY, order.rate, Parts(home), debts, recording)
        await _perform(drill, stage, order)
        state, reason = (DrillRun.State.PASSED if recording.passed else DrillRun.State.FAILED), ""
    except asyncio.CancelledError:
        state, reason = DrillRun.State.INTERRUPTED, "It was interrupted; what it had struck was put back."
        raise
    except NotHereError as error:
        state, reason = DrillRun.State.REFUSED, str(error)
    except (
        RefusedError,
        NeverError,
        NotBackError,
        UnansweredError,
        KafkaException,
        KafkaError,
        DatabaseError,
        psycopg.Error,
        BusyModelError,
        LogUnreadableError,
        OSError,
    ) as error:
        logger.error("The drill %s went wrong: %s", drill.name, error)
        state, reason = DrillRun.State.FAILED, str(error)
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        record.state, record.reason, record.ended_at = state, reason, timezone.now()
        record.report = recording.as_json()
        await _save_at_last(record)


async def _perform(drill: Drill, stage: Stage, order: Order) -> None:
    start = await asyncio.to_thread(log.ends)
    sampling = asyncio.create_task(_sample(stage))
    try:
        async with stage.running:
            if drill.under_load:
                stage.recording.note(
                    f"Load of {order.rate} events/s, {len(stage.pages.pages)} open pages, and a visitor of the shop"
                )
                await stage.begin()
            await drill.steps(stage)
    finally:
        sampling.cancel()
        with suppress(asyncio.CancelledError):
            await sampling
    if drill.under_load:
        stage.recording.note("The load has ended")
        await check(stage, drill, start, rebuild=order.rebuild)


async def _sample(stage: Stage) -> None:
    """One point of each series a second."""
    load, pages = stage.load, stage.pages
    before = (0, 0, 0, 0)
    known = Known()
    following = asyncio.create_task(_follow_lag(known))
    try:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            now = (load.total, load.unanswered, pages.lists, len(load.took))
            slowest = max((took for took, _ in load.took[before[3] :]), default=None)
            more = {name: await asyncio.to_thread(value) for name, value in list(stage.measures.items())}
            stage.recording.sample(
                more
                | {
                    "acknowledged": now[0] - before[0],
                    "failed": now[1] - before[1],
                    "lists": now[2] - before[2],
                    "slowest": None if slowest is None else slowest * 1000,
                    "lag": known.lag if time.monotonic() - known.at < KNOWN_SECONDS else None,
                }
            )
            before = now
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


@dataclass
class Known:
    lag: int | None = None
    at: float = -math.inf
    """By time.monotonic: what is older than a few seconds is a gap in the chart."""


async def _follow_lag(known: Known) -> None:
    while True:
        with suppress(DatabaseError):  # Postgres may be what was struck
            known.lag = await in_database(log.lag)
            known.at = time.monotonic()
        await asyncio.sleep(SAMPLE_SECONDS)


async def _keep(record: DrillRun, recording: Recording) -> None:
    """Writes the report down every second, for whoever watches."""
    while True:
        await asyncio.sleep(SAMPLE_SECONDS)
        with suppress(DatabaseError):  # Postgres may be what was struck; the next second tries again
            await in_database(_save, record.pk, recording.as_json())


def _save(run: int, report: object) -> None:
    DrillRun.objects.filter(pk=run).update(report=report, seen_at=timezone.now())


async def _save_at_last(record: DrillRun) -> None:
    for left in reversed(range(SAVE_TRIES)):
        try:
            await in_database(record.save)
        except DatabaseError:
            if not left:
                raise
            await asyncio.sleep(SAMPLE_SECONDS)
        else:
            return
