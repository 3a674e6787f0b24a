"""`manage.py shoppers`: the demo shoppers, until SIGTERM or Ctrl-C."""

import asyncio
import logging
import os
import signal
from argparse import ArgumentParser
from dataclasses import replace
from random import Random
from typing import Any

import sdnotify
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from shop.shoppers.crowd import Crowd
from shop.shoppers.past import EVENTS
from shop.shoppers.shelves import Shelves, read_shelves
from shop.shoppers.site import RefusedError, Site

REPORT_SECONDS = 10


def default_address() -> str:
    return os.environ.get("SHOP_ADDRESS") or f"http://127.0.0.1:{os.environ.get('WEB_PORT') or 8000}/"


def rate_of(text: str) -> float:
    rate = float(text)
    if not 0 < rate <= 10_000:
        raise ValueError(text)
    return rate


class Command(BaseCommand):
    help = "Drives the shop over HTTP with demo shoppers who have planted tastes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rate", type=rate_of, default=20.0, help="events a second, pages among them")
        parser.add_argument("--seed", type=int, default=1, help="plants other tastes")
        parser.add_argument(
            "--past", type=int, default=EVENTS, help="events of a week before, for a shop without suggestions"
        )
        parser.add_argument("--duration", type=float, metavar="SECONDS", help="stop by itself")
        parser.add_argument("--address", default=default_address(), help="the shop (SHOP_ADDRESS)")

    def handle(self, *args: Any, **options: Any) -> None:
        shelves = read_shelves()
        if not shelves:
            raise CommandError("The shop has no products: run `python manage.py load_catalogue` first.")
        connection.close()  # from here on the shoppers only speak HTTP
        connection.close_pool()  # type: ignore[attr-defined]
        try:
            asyncio.run(
                self._run(
                    shelves,
                    options["address"],
                    options["rate"],
                    options["seed"],
                    options["past"],
                    options["duration"],
                )
            )
        except* RefusedError as refused:
            raise CommandError(str(refused.exceptions[0])) from refused

    async def _run(
        self, shelves: Shelves, address: str, rate: float, seed: int, past: int, duration: float | None
    ) -> None:
        # httpx tells of every request; the status line says enough.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        site = Site(address, settings.WRITE_KEY)
        crowd = Crowd(
            site,
            shelves,
            rate=rate,
            origin=address.rstrip("/"),
            random=Random(seed),  # noqa: S311  (tastes, not secrets)
            say=self.stdout.write,
        )
        self.stdout.write(f"Shoppers: {rate:g} events a second to {address}")
        visiting = asyncio.create_task(_come(crowd, past))
        stopped = asyncio.create_task(_stop_signal())
        reporting = asyncio.create_task(self._report(crowd))
        ready = asyncio.create_task(_say_when_ready(crowd))
        tasks = {visiting, stopped, reporting}
        try:
            await asyncio.wait(tasks, timeout=duration, return_when=asyncio.FIRST_COMPLETED)
            for task in (visiting, reporting):
                if task.done():
                    task.result()
        finally:
            for task in (*tasks, ready):
                task.cancel()
            await asyncio.gather(*tasks, ready, return_exceptions=True)
            await site.close()
        self.stdout.write(f"Shoppers: gone home after {crowd.tally.events} events.")

    async def _report(self, crowd: Crowd) -> None:
        notifier = sdnotify.SystemdNotifier()
        before = replace(crowd.tally)
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            tally = crowd.tally
            status = (
                f"{(tally.events - before.events) / REPORT_SECONDS:.1f} events/s, "
                f"{(tally.pages - before.pages) / REPORT_SECONDS:.1f} pages/s, "
                f"{tally.shoppers} shoppers, {tally.events} events and {tally.orders} orders in all"
                + (f", {tally.rejected} rejected" if tally.rejected else "")
            )
            before = replace(tally)
            self.stdout.write(f"Shoppers: {status}")
            notifier.notify(f"STATUS={status}")


async def _come(crowd: Crowd, past: int) -> None:
    await crowd.tell_of_the_past(past)
    await crowd.run()


async def _say_when_ready(crowd: Crowd) -> None:
    """The shoppers are ready when the first of their events has been accepted."""
    while not crowd.tally.events:
        await asyncio.sleep(0.1)
    sdnotify.SystemdNotifier().notify("READY=1\nSTATUS=shopping")


async def _stop_signal() -> None:
    """Returns when the process is asked to stop."""
    stop = asyncio.Event()
    for asked in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(asked, stop.set)
    await stop.wait()
