"""`manage.py rebuild_projections`: baskets, orders and stock levels anew from the facts."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shop.facts.pages import PROJECTIONS
from shop.facts.rebuilding import Rebuilt, rebuild


class Command(BaseCommand):
    help = "Makes what the shop's pages read anew from the event store, while the shop is open."

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = [projection.name for projection in PROJECTIONS]
        parser.add_argument("projection", nargs="*", choices=[*names, []], help="all, where none is named")
        parser.add_argument(
            "--verify", action="store_true", help="only compare; exit 1 where anything differs"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["projection"] or [projection.name for projection in PROJECTIONS]
        equal = True
        for projection in PROJECTIONS:
            if projection.name in wanted:
                rebuilt = rebuild(projection, keep=not options["verify"])
                self.report(projection.name, rebuilt)
                equal = equal and rebuilt.is_equal
        if options["verify"] and not equal:
            raise CommandError(
                "Projections differ from the facts: run `python manage.py rebuild_projections` without --verify."
            )

    def report(self, name: str, rebuilt: Rebuilt) -> None:
        self.stdout.write(f"{name}: {rebuilt.facts} facts")
        for found in rebuilt.differences:
            said = (
                "equal"
                if found.is_none
                else f"{found.only_before} rows only before, {found.only_rebuilt} only rebuilt"
            )
            self.stdout.write(f"  {found.table}: {found.rows} rows, {said}")
