"""`manage.py load_catalogue`: the demo catalogue into the database, as often as you like."""

from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from shop.seed.lists import departments
from shop.seed.loading import load_demo_catalogue


class Command(BaseCommand):
    help = "Loads the demo catalogue: adds what is missing, mends what differs, leaves stock alone."

    def handle(self, *args: Any, **options: Any) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("Catalogue", total=sum(map(len, departments().values())))

            def advance(category: str) -> None:
                progress.update(task, advance=1, description=category)

            changes = load_demo_catalogue(advance)
        self.stdout.write(
            f"Catalogue: {changes.added} products added, {changes.changed} changed, "
            f"{changes.unchanged} as they were."
        )
