"""Trains the ALS challenger now; a task does each night."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from streaming.als import MINUTES, TrainingFailedError, train
from streaming.rebuild.beside import BusyModelError, RefusedError


class Command(BaseCommand):
    help = (
        "Trains ALS (Spark MLlib) on the whole log and stores each product's most similar ones as the model `als`,"
        " beside the live one. It is never live by itself: an experiment gives it its share of visitors."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--minutes", type=float, default=MINUTES, help="after which it is given up")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            products = train(options["minutes"])
        except (TrainingFailedError, BusyModelError, RefusedError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            self.style.SUCCESS(f"The model als has the similar products of {products:,} products.")
        )
