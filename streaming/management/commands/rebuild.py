"""Rebuilds the model from the log beside the live one and compares the two."""

from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from streaming.jobs.ledger import Ledger
from streaming.rebuild import ledger
from streaming.rebuild.comparison import Difference, Pruned, compare, pruned
from streaming.rebuild.log import LogUnreadableError, read_log
from streaming.rebuild.shadow import RebuildRunsError, Shadow
from tracking.events import ACTIVITY

QUERY = "activity"


class Command(BaseCommand):
    help = (
        "Folds the whole log into a shadow of the model and compares it with the live one: the same rows, weights "
        "within 1e-9 relative, and every offset applied once. Exits 1 where they differ. The shop serves meanwhile; "
        "Spark waits only for the last step."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--verify", action="store_true", required=True, help="compare only; nothing is changed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        topic = settings.KAFKA_TOPIC_PREFIX + ACTIVITY
        with (
            psycopg.connect(settings.DATABASE_URL, autocommit=True) as holder,
            psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection,
        ):
            shadow = Shadow(connection)
            positions = Ledger(QUERY, topic, checkpoint="").positions
            try:
                shadow.create()
            except RebuildRunsError as error:
                raise CommandError(str(error)) from error
            try:
                first = positions(connection)
                self.fold(shadow, topic, {}, first)
                with holder.transaction():
                    ledger.hold(holder, QUERY)
                    last = positions(connection)
                    self.fold(shadow, topic, first, last)
                    shadow.clean_up(ledger.watermarks(connection, QUERY, topic))
                    differences = compare(connection)
                    account = ledger.account(connection, QUERY, topic)
                    removed = pruned(connection)
            except LogUnreadableError as error:
                raise CommandError(
                    f"The log cannot be read: {error}. Is every broker up? See `make status`."
                ) from error
            finally:
                shadow.drop()
        self.report(differences, account, shadow, removed)

    def fold(self, shadow: Shadow, topic: str, start: dict[int, int], end: dict[int, int]) -> None:
        """Folds the log between the offsets, with a bar where somebody watches."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, transient=True) as progress:
            total = sum(offset - start.get(p, 0) for p, offset in end.items())
            task = progress.add_task("Folding the log", total=total)
            for messages in read_log(topic, start, end):
                shadow.fold(messages)
                progress.advance(task, len(messages))

    def report(
        self,
        differences: list[Difference],
        account: ledger.Account,
        shadow: Shadow,
        removed: Pruned,
    ) -> None:
        table = Table("facts", "live", "rebuilt", "unequal", "for example")
        for difference in differences:
            table.add_row(
                difference.name,
                *(f"{n:,}" for n in (difference.live, difference.rebuilt, difference.unequal)),
                difference.example[:80],
            )
        counts = (
            ("events", account.events, shadow.events),
            ("duplicates", account.duplicates, shadow.duplicates),
            ("rejected", account.rejected, shadow.rejected),
        )
        for name, live, rebuilt in counts:
            table.add_row(name, f"{live:,}", f"{rebuilt:,}", f"{abs(live - rebuilt):,}", "")
        console = Console(width=120)
        with console.capture() as drawn:
            console.print(table)
        self.stdout.write(drawn.get())
        if removed.pairs:
            self.stdout.write(
                f"Pruned from the live pairs so far: {removed.pairs:,} of weight {removed.weight:.9g}; they lack "
                f"{removed.missing:.9g}" + ("." if removed.explains else ", which pruning does not explain.")
            )
        for problem in account.problems:
            self.stdout.write(f"Ledger: {problem}")
        explained = {"pairs"} if removed.pairs and removed.explains else set()
        wrong = [d.name for d in differences if d.unequal and d.name not in explained]
        wrong += [name for name, live, rebuilt in counts if live != rebuilt]
        if account.problems:
            wrong.append("the ledger's offsets")
        if wrong:
            raise CommandError(f"The live model is not what the log says: see {', '.join(wrong)} above.")
        self.stdout.write(
            self.style.SUCCESS(f"Equal: {shadow.events:,} events of the log give the live model.")
        )
