"""`manage.py backfill FILE`: tells the log of a past that somebody else wrote down."""

import time
from argparse import ArgumentParser
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from recommendations.models import JudgedHour
from streaming.evaluation.applying import NotAppliedError, wait_until_applied
from streaming.evaluation.history import History, read_history, told
from streaming.evaluation.judgement import PLAYED, judgement
from streaming.evaluation.layouts import USUAL, LayoutUnknownError
from streaming.evaluation.sending import NotSentError, Sender, events_of
from streaming.progress import bars

STEP = 100


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
        parser.add_argument(
            "--judge",
            action="store_true",
            help="have each event predicted before it is learned, and print how well: hit rates and MRR, beside "
            "what is popular and chance. The file is sent in small steps, each applied before the next",
        )
        parser.add_argument("--step", type=int, default=STEP, help="events of one such step (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        history = self.read(options)
        began = time.monotonic()
        try:
            sender = Sender()
            if options["judge"]:
                self.judge(sender, history, options["file"].name, options["step"])
                return
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
        with bars() as progress:
            task = progress.add_task("Into the log", total=len(history))
            return sender.send(events_of(history, source), lambda n: progress.advance(task, n))

    def judge(self, sender: Sender, history: History, name: str, step: int) -> None:
        """Sends the history step by step: the next is predicted from what the fold learned of those before."""
        source = f"{PLAYED}{name[:150]}:{uuid4().hex[:8]}"
        events = events_of(history, source)
        with bars() as progress:
            task = progress.add_task("Predicted, then learned", total=len(history))
            while some := list(islice(events, step)):
                sender.send(some)
                wait_until_applied(sender.ends)
                progress.advance(task, sum(len(event.products) for event in some))
        judged = judgement(JudgedHour.objects.filter(source=source))
        if not judged.events:
            raise CommandError(
                "Nothing of it was predicted: either no visitor comes to a second product, or the same file was sent "
                "within the last 24 hours, and what is known changes nothing."
            )
        table = Table(f"{judged.events:,} events predicted", "HR@10", "HR@20", "MRR@20")
        for who, rates in judged.rates.items():
            table.add_row(who, f"{rates.hit_rate_10:.3f}", f"{rates.hit_rate_20:.3f}", f"{rates.mrr_20:.3f}")
        console = Console(width=100)
        with console.capture() as drawn:
            console.print(table)
        self.stdout.write(drawn.get())

    def wait(self, sender: Sender, sent: int) -> None:
        with bars() as progress:
            task = progress.add_task("Applied by Spark", total=sent)
            wait_until_applied(sender.ends, lambda n: progress.advance(task, n))
