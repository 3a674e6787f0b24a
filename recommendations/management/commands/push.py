"""Pushes: sends visitors' lists to their open pages, at once after their events and again after Spark's batches."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import sdnotify
from confluent_kafka import Message
from django.core.management.base import BaseCommand
from redis.exceptions import RedisError

from recommendations.session import presence
from recommendations.session.activity import Activity, done
from recommendations.session.notices import Notices, versions_of
from recommendations.session.outage import Outage
from recommendations.session.pages import RETRY_SECONDS, Pages
from recommendations.session.records import Records
from recommendations.session.weights import Weights

SWEEP_SECONDS = 5.0

R = TypeVar("R", bound=Records)


class Command(BaseCommand):
    help = "Sends visitors' lists to their open pages. Runs until it is stopped; several share the work."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(push())


async def push() -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    pages = Pages()
    ready = Ready()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(task)
            for task in (
                follow_events(pages, ready.waits_for()),
                follow_batches(pages, ready.waits_for()),
                follow_openings(pages),
                sweep(pages, ready.notifier),
            )
        ]
        await stopping.wait()
        for task in tasks:
            task.cancel()


class Ready:
    """Says that the process is ready when every topic's partitions have been assigned."""

    def __init__(self) -> None:
        self.notifier = sdnotify.SystemdNotifier()
        self._waiting: set[int] = set()

    def waits_for(self) -> Callable[[], None]:
        """One more thing; what it returns is called when that has come about, from any thread and more than once."""
        number = len(self._waiting)
        self._waiting.add(number)

        def came_about() -> None:
            self._waiting.discard(number)
            if not self._waiting:
                self.notifier.notify("READY=1")

        return came_about


async def follow_events(pages: Pages, assigned: Callable[[], None]) -> None:
    weights = Weights()
    async with reading(Activity(assigned)) as (read, _):
        while True:
            known = await weights.current()
            events = [done(message, known) for message in await read()]
            await pages.after_events(filter(None, events))


async def follow_batches(pages: Pages, assigned: Callable[[], None]) -> None:
    async with reading(Notices(assigned)) as (read, notices):
        while True:
            messages = await read()
            await pages.after_batch(versions_of(messages))
            notices.store(messages)  # a notice counts as read when its pages have been told


async def follow_openings(pages: Pages) -> None:
    valkey = Outage("Valkey does not tell which pages open; their first list may lack the newest event")
    while True:
        try:
            async for visitor_id in presence.opened():
                valkey.ended()
                await pages.after_opening(visitor_id)
        except (RedisError, OSError) as error:
            valkey.began(error)
            await asyncio.sleep(RETRY_SECONDS)


async def sweep(pages: Pages, notifier: Any) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        await pages.forget_closed()
        notifier.notify(f"STATUS={pages.sent} lists sent, {len(pages.pending)} events wait for Spark")


@asynccontextmanager
async def reading(records: R) -> AsyncIterator[tuple[Callable[[], Any], R]]:
    """Reads in a thread of its own; in the end waits for it and leaves the consumer group."""
    loop = asyncio.get_running_loop()
    thread = ThreadPoolExecutor(1, thread_name_prefix=records.topic)

    async def read() -> list[Message]:
        return await loop.run_in_executor(thread, records.read)

    try:
        yield read, records
    finally:
        await loop.run_in_executor(thread, records.close)
        thread.shutdown()
