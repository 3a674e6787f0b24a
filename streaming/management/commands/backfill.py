"""`manage.py backfill FILE`: tells the log of a past that somebody else wrote down."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from streaming.evaluation.applying import NotAppliedError, wait_until_applied
from streaming.evaluation.history import History, read_history, told
from streaming.evaluation.layouts import USUAL, LayoutUnknownError
from streaming.evaluation.sending import NotSentError, Sender, events_of

COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
)


class Command(BaseCommand):
    help = (
        "Sends a file of events (CSV, TSV or Parquet: RetailRocket, YooChoose, Diginetica, MovieLens, Online Retail, "
        "or plain columns) through Kafka and Spark, in the order of time and with its own old times. The same file "
        "sent again within 24 hours changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        for role in USUAL:
            parser.add_argument(f"--{role}", metavar="COLUMN", default="", help=f"the column of the {role}")
        parser.add_argument("--visitor-prefix", default="", help="put before each visitor's id")
        parser.add_argument("--product-prefix", default="", help="put before each product's id")
        parser.add_argument("--source", default="backfill", help="what the events are marked with")
        parser.add_argument(
            "--no-wait", action="store_true", help="do not wait until Spark has applied the events"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        history = self.read(options)
        began = time.monotonic()
        try:
            sender = Sender()
            sent = self.send(sender, history, options["source"])
            in_log = time.monotonic() - began
            if not options["no_wait"]:
                self.wait(sender, sent)
        except (NotSentError, NotAppliedError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{sent:,} events into the log in {in_log:.1f} s: {sent / in_log:,.0f}/s.")
        if not options["no_wait"]:
            seconds = time.monotonic() - began
            self.stdout.write(f"Applied by Spark after {seconds:.1f} s: {sent / seconds:,.0f}/s.")

    def read(self, options: dict[str, Any]) -> History:
        """The file's events; what was refused of it is told at once."""
        try:
            history = read_history(
                options["file"],
                {role: options[role] for role in USUAL},
                visitor_prefix=options["visitor_prefix"],
                product_prefix=options["product_prefix"],
            )
        except (LayoutUnknownError, OSError, ValueError) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        self.stdout.write(
            f"{history.layout.name}: {len(history):,} rows of {len(history.visitors):,} visitors and "
            f"{len(history.products):,} products."
        )
        for line in told(history.refused, history.examples):
            self.stderr.write(line)
        if not len(history):
            raise CommandError(f"{options['file']} holds no event.")
        return history

    def send(self, sender: Sender, history: History, source: str) -> int:
        with Progress(*COLUMNS, transient=True) as progress:
            task = progress.add_task("Into the log", total=len(history))
            return sender.send(events_of(history, source), lambda n: progress.advance(task, n))

    def wait(self, sender: Sender, sent: int) -> None:
        with Progress(*COLUMNS, transient=True) as progress:
            task = progress.add_task("Applied by Spark", total=sent)
            wait_until_applied(sender.ends, lambda n: progress.advance(task, n))
