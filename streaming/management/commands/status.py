"""Tells each part's state; exit code 0 only when all are ready."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from services.home import Home
from services.report import report, table


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print it as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = report(Home.from_environment())
        self.stdout.write(json.dumps(found, indent=2) if options["json"] else table(found))
        if not found["ready"]:
            raise SystemExit(1)
