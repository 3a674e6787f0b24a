"""Rebuilds the model from the log beside the live one: to compare it, to replace it, or as a second model."""

from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from streaming.progress import bars
from streaming.rebuild import beside
from streaming.rebuild.again import Compared, rebuilding
from streaming.rebuild.beside import BusyModelError, RefusedError
from streaming.rebuild.catching_up import BusyError
from streaming.rebuild.log import LogUnreadableError
from streaming.rebuild.parameters import PARAMETERS, Asked, ParameterError, option, parse
from tracking.events import ACTIVITY

HELP = """\
Folds the whole log into a shadow of the model, compares it with the live one, and puts it in its place while the shop
serves; Spark waits for the last step only.

  rebuild            compare, then replace: one transaction, and whoever is killed before has changed nothing
  rebuild --verify   only compare: exit 1 where a row, a weight beyond 1e-9 relative or an offset differs
  rebuild --name summer --since 2026-06-01T00:00:00Z --half-life 14d --weight "Product Clicked=0.7"
                     make a second model beside the live one; Admin > Models shows, promotes and drops it
"""


class Bars:
    """A bar for each step, where somebody watches."""

    @contextmanager
    def step(self, description: str, total: int | None) -> Iterator[Callable[[int], None]]:
        with bars() as progress:
            task = progress.add_task(description, total=total)
            yield lambda done: progress.advance(task, done)


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--verify", action="store_true", help="compare only; nothing is changed")
        beside_it = parser.add_argument_group("a second model")
        beside_it.add_argument("--name", help="its name; without it the live model is rebuilt")
        for name in PARAMETERS:
            beside_it.add_argument(option(name), metavar="VALUE")
        beside_it.add_argument("--weight", action="append", default=[], metavar='"EVENT=WEIGHT"')

    def handle(self, *args: Any, **options: Any) -> None:
        topic = settings.KAFKA_TOPIC_PREFIX + ACTIVITY
        try:
            asked = parse(options, options["weight"])
            if options["name"]:
                if options["verify"]:
                    raise CommandError("--verify compares the live model: leave --name out.")
                self.make(options["name"], asked, topic)
            elif asked:
                raise CommandError(
                    "Times, parameters and weights make a second model: add --name NAME. The live model changes when"
                    " that one is promoted (Admin > Models)."
                )
            else:
                self.rebuild(topic, only_verify=options["verify"])
        except LogUnreadableError as error:
            raise CommandError(
                f"The log cannot be read: {error}. Is every broker up? See `make status`."
            ) from error
        except (ParameterError, RefusedError, BusyModelError, BusyError) as error:
            raise CommandError(str(error)) from error

    def make(self, name: str, asked: Asked, topic: str) -> None:
        beside.make(name, asked)
        beside.catch_up(name, topic, Bars())
        self.stdout.write(
            self.style.SUCCESS(
                f"The model {name} stands beside the live one and is kept caught up: see Admin > Models."
            )
        )

    def rebuild(self, topic: str, *, only_verify: bool) -> None:
        with rebuilding(topic, Bars()) as rebuild:
            rebuild.fold_log()
            compared = rebuild.compare()
            self.report(compared)
            if only_verify:
                if compared.wrong:
                    raise CommandError(
                        f"The live model is not what the log says: see {', '.join(compared.wrong)} above."
                    )
                self.stdout.write(
                    self.style.SUCCESS(f"Equal: {compared.records:,} events of the log give the live model.")
                )
                return
            seconds = rebuild.replace()
        found = f"it differed in {', '.join(compared.wrong)}" if compared.wrong else "it was equal"
        self.stdout.write(
            self.style.SUCCESS(
                f"Replaced: the live model is what {compared.records:,} events of the log give; {found}."
                f" Spark waited {seconds:.1f} s."
            )
        )

    def report(self, compared: Compared) -> None:
        table = Table("facts", "live", "rebuilt", "unequal", "for example")
        for difference in compared.differences:
            table.add_row(
                difference.name,
                *(f"{n:,}" for n in (difference.live, difference.rebuilt, difference.unequal)),
                difference.example[:80],
            )
        for name, live, rebuilt in compared.counts:
            table.add_row(name, f"{live:,}", f"{rebuilt:,}", f"{abs(live - rebuilt):,}", "")
        console = Console(width=120)
        with console.capture() as drawn:
            console.print(table)
        self.stdout.write(drawn.get())
        removed = compared.pruned
        if removed.pairs:
            self.stdout.write(
                f"Pruned from the live pairs so far: {removed.pairs:,} of weight {removed.weight:.9g}; they lack "
                f"{removed.missing:.9g}" + ("." if removed.explains else ", which pruning does not explain.")
            )
        for problem in compared.account.problems:
            self.stdout.write(f"Ledger: {problem}")
