"""`manage.py import_catalogue FILE`: a catalogue of one's own into the shop."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from shop.importing.reading import format_of
from shop.importing.writing import Outcome, import_catalogue

MOST_SHOWN = 100


class Command(BaseCommand):
    help = (
        "Imports products from a CSV or JSON file: all of them, or none where one line is wrong. Every mistake is"
        " printed with its line and field. Exit code 1 when nothing was imported because of one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what it would do, and do nothing")
        parser.add_argument("--format", choices=["csv", "json"], help="else by the ending of the file's name")
        parser.add_argument(
            "--hide-others", action="store_true", help="hide every product that the file does not have"
        )

    def handle(self, *args: Any, file: Path, dry_run: bool, hide_others: bool, **options: Any) -> None:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from error
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("Reading", total=None)
            outcome = import_catalogue(
                content,
                options["format"] or format_of(file.name),
                dry_run=dry_run,
                hide_others=hide_others,
                progress=lambda doing, done, total: bar.update(
                    task, description=doing, completed=done, total=total
                ),
            )
        self.tell(outcome)

    def tell(self, outcome: Outcome) -> None:
        if outcome.ignored:
            self.stdout.write(f"Ignored, since nothing here is called so: {', '.join(outcome.ignored)}")
        for error in outcome.errors[:MOST_SHOWN]:
            self.stderr.write(str(error))
        if outcome.errors:
            more = len(outcome.errors) - MOST_SHOWN
            said = f"; {more} more are not shown" if more > 0 else ""
            raise CommandError(f"Nothing was imported: {len(outcome.errors)} mistakes{said}.")
        done = "" if outcome.written else "Dry run, nothing was written. It would be: "
        self.stdout.write(
            f"{done}{outcome.added} products added, {outcome.changed} changed, {outcome.unchanged} as they were,"
            f" {outcome.hidden} hidden, {len(outcome.categories)} new categories."
        )
