"""Relays what Postgres holds to Kafka: today the visitors whose list changed."""

import logging
import signal
import threading
import time
from typing import Any

import psycopg
import sdnotify
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from recommendations.outbox import CHANNEL, NotSentError, Outbox

IDLE_SECONDS = 1.0
"""How long it waits for a notice before it looks all the same: a notice can be lost, a row cannot."""
RETRY_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Tells Kafka which visitors' lists changed, as soon as a batch has committed. Runs until it is stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
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
