"""Tells each part's state and lag; exit code 0 only when all are ready."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from services.home import Home
from services.report import report, table
from services.state import STOPPED
from streaming.lags import lags


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print it as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = report(Home.from_environment())
        add_lags(found["parts"])
        self.stdout.write(json.dumps(found, indent=2) if options["json"] else table(found))
        if not found["ready"]:
            raise SystemExit(1)


def add_lags(parts: list[dict[str, Any]]) -> None:
    """Puts the lag of each part that has one into its detail. Of a stack that is stopped nobody can be asked."""
    if all(part["state"] == STOPPED for part in parts):
        return
    known = lags()
    for part in parts:
        if part["name"] in known:
            part["detail"] = "; ".join(filter(None, (part["detail"], known[part["name"]])))
