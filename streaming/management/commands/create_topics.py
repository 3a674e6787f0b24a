from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from streaming.topics import TopicsNotReadyError, ensure_topics


class Command(BaseCommand):
    help = "Creates the Kafka topics that are missing; safe to run at any time."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--timeout", type=float, default=20.0, help="seconds to wait for Kafka")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = ensure_topics(timeout=options["timeout"])
        except TopicsNotReadyError as error:
            raise CommandError(str(error)) from error
        for name in outcome.created:
            self.stdout.write(f"created {name}")
        for name, missing in outcome.mended.items():
            self.stdout.write(f"mended {name}: {', '.join(missing)}")
        if not outcome.created and not outcome.mended:
            self.stdout.write("every topic is as it should be")
