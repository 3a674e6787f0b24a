"""Lets a part of the running product fail on purpose, under load, and reports what that cost."""

import asyncio
import json
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from rich.console import Console
from rich.table import Table

from streaming.drills.catalogue import DRILLS
from streaming.drills.models import DrillRun
from streaming.drills.run import RATE, Order, run
from streaming.drills.starting import BusyDrillError

EXIT_CODES = {DrillRun.State.PASSED: 0, DrillRun.State.REFUSED: 3, DrillRun.State.INTERRUPTED: 130}
"""1 for a drill that failed."""


class Command(BaseCommand):
    requires_system_checks = []
    help = f"{__doc__}\n\n" + "\n".join(f"  {drill.name:<11} {drill.does}" for drill in DRILLS.values())

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(DRILLS))
        parser.add_argument("--rate", type=int, default=RATE, help="events per second (%(default)s)")
        parser.add_argument(
            "--without-rebuild",
            action="store_true",
            help="do not compare the model with a rebuild at the end",
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument("--run", type=int, help="the run that the admin has written down already")

    def handle(self, *args: Any, **options: Any) -> None:
        drill = DRILLS[options["name"]]
        record = (
            DrillRun.objects.get(pk=options["run"])
            if options["run"]
            else DrillRun.objects.create(drill=drill.name)
        )
        connections.close_all()  # the drill may be of Postgres, and would leave this one dead
        try:
            run(drill, record, Order(options["rate"], rebuild=not options["without_rebuild"]))
        except BusyDrillError as error:
            DrillRun.objects.filter(pk=record.pk).delete()
            raise CommandError(str(error)) from error
        except (KeyboardInterrupt, asyncio.CancelledError):
            record.refresh_from_db()
        self.stdout.write(as_json(record) if options["json"] else as_text(record))
        if code := EXIT_CODES.get(DrillRun.State(record.state), 1):
            raise SystemExit(code)


def as_json(record: DrillRun) -> str:
    return json.dumps(
        {
            "id": record.pk,
            "drill": record.drill,
            "state": record.state,
            "reason": record.reason,
            **record.report,
        }
    )


def as_text(record: DrillRun) -> str:
    report = record.report
    console = Console(width=120)
    with console.capture() as drawn:
        for moment in report.get("timeline", []):
            console.print(f"{moment['at']:8.2f} s  {moment['what']}", markup=False)
        if report.get("numbers"):
            numbers = Table("measured", "")
            for number in report["numbers"]:
                numbers.add_row(number["label"], f"{number['value']:,.10g} {number['unit']}".strip())
            console.print(numbers)
        if report.get("checks"):
            checks = Table("held to", "found", "")
            for check in report["checks"]:
                checks.add_row(check["goal"], check["found"], "yes" if check["passed"] else "NO")
            console.print(checks)
        console.print(f"{record.drill}: {record.get_state_display()}. {record.reason}".strip(), markup=False)
    return drawn.get()
