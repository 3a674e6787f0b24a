"""Relays what Postgres holds to Kafka: the visitors whose list changed, and the collector's spool.

Beside that it copies the topic of refused events into Postgres, for the admin, and notes there where in the log each
visitor has events, so that they can be shown theirs. What the site registers in `RELAY_TASKS` runs here too.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import sdnotify
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.utils.module_loading import import_string

from recommendations.outbox import CHANNEL, NotSentError, Outbox
from streaming.alerts.sending import keep_watching
from tracking.delivery.drain import Drain
from tracking.held.index import Indexer
from tracking.rejected_projection import RejectedProjector

IDLE_SECONDS = 1.0
"""How long it waits for a notice before it looks all the same: a notice can be lost, a row cannot."""
RETRY_SECONDS = 1.0
STOP_SECONDS = 8.0

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Sends to Kafka what waits in Postgres: whose list changed, and the spool. Runs until it is stopped."
    )

    broken = ""
    """What ended with an error."""

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        beside = [self.beside(name, run, stopping) for name, run in self.tasks().items()]
        outbox = Outbox()
        notifier = sdnotify.SystemdNotifier()
        failing = False
        while not stopping.is_set():
            try:
                self.relay(outbox, notifier, stopping)
            except (DatabaseError, psycopg.Error, NotSentError) as error:
                if not failing:
                    logger.warning("Cannot relay; the rows wait in Postgres and are tried again: %s", error)
                failing = True
                notifier.notify(f"STATUS=cannot relay: {str(error).splitlines()[0]}")
                connection.close()
                stopping.wait(RETRY_SECONDS)
            else:
                failing = False
        for thread in beside:
            thread.join(STOP_SECONDS)
        if self.broken:
            raise CommandError(f"The {self.broken} ended with an error; see above.")

    def tasks(self) -> dict[str, Callable[[threading.Event], None]]:
        """What runs beside, each in a thread of its own, until it is told to stop."""
        site = {name: import_string(path)().run for name, path in settings.RELAY_TASKS.items()}
        return {
            "drain of the spool": Drain().run,
            "projection of refused events": RejectedProjector().run,
            "index of visitors' events": Indexer().run,
            "watch over the alerts": keep_watching,
            **site,
        }

    def beside(
        self, name: str, run: Callable[[threading.Event], None], stopping: threading.Event
    ) -> threading.Thread:
        """A thread that ends the process with it when it breaks, so that the process manager starts both anew."""

        def guarded() -> None:
            try:
                run(stopping)
            except Exception:
                logger.exception("The %s broke.", name)
                self.broken = name
                stopping.set()
            finally:
                connection.close()

        thread = threading.Thread(target=guarded, name=name)
        thread.start()
        return thread

    def relay(self, outbox: Outbox, notifier: sdnotify.SystemdNotifier, stopping: threading.Event) -> None:
        """Sends what is there, then waits for the next notice; returns when told to stop, raises what it meets."""
        connection.ensure_connection()
        listening = connection.connection
        listening.execute(f"LISTEN {CHANNEL}")
        notifier.notify("READY=1\nSTATUS=relaying")
        sent, said = 0, time.monotonic()
        while not stopping.is_set():
            while taken := outbox.send():
                sent += taken
            if time.monotonic() - said > 10:
                notifier.notify(f"STATUS=relaying, {sent} rows since it started")
                said = time.monotonic()
            for _ in listening.notifies(timeout=IDLE_SECONDS, stop_after=1):
                pass
