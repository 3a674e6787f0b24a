"""Searches log, tables and spool for a visitor."""

from typing import Any

from confluent_kafka import KafkaException
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tracking.models import Erasure, VisitorKey
from tracking.remains.place import Place
from tracking.remains.tables import in_tables
from tracking.remains.topics import in_topics

MOST_VALUES = 5
MOST_CHARACTERS = 100


class Command(BaseCommand):
    help = (
        "Prints where a visitor has left something, and what of it can still be read. Exit code 1 when something"
        " that identifies can be read although the visitor was erased since."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("visitor_id")

    def handle(self, *args: Any, visitor_id: str, **options: Any) -> None:
        erasure = Erasure.objects.filter(visitor_id=visitor_id).order_by("-erased_at").first()
        erased_at = erasure.erased_at if erasure else None
        row = VisitorKey.objects.filter(visitor_id=visitor_id).first()
        self.stdout.write(
            f"{visitor_id}: erased {erasure.erased_at.isoformat(timespec='seconds')}, asked by {erasure.asked_by}"
            if erasure
            else f"{visitor_id}: never erased"
        )
        try:
            places = in_topics(visitor_id, bytes(row.key) if row else None, erased_at)
        except KafkaException as error:
            raise CommandError(f"The log cannot be read, so nothing is known for certain: {error}") from error
        places += in_tables(visitor_id, erased_at)
        for place in places:
            self.show(place)
        outlived = [place.name for place in places if place.outlived]
        if outlived:
            raise CommandError(f"Readable although erased: {', '.join(outlived)}")
        if not any(place.readable for place in places):
            self.stdout.write("Still readable: nothing.")
        elif erasure:
            self.stdout.write(
                "Still readable: nothing of before the erasure; the visitor has come back since."
            )

    def show(self, place: Place) -> None:
        self.stdout.write(f"{place.name}: {place.records} record{'' if place.records == 1 else 's'}")
        for name, values in sorted(place.readable.items()):
            shown = [value[:MOST_CHARACTERS] for value in sorted(values)[:MOST_VALUES]]
            more = f" and {len(values) - MOST_VALUES} more" if len(values) > MOST_VALUES else ""
            self.stdout.write(f"    {name} = {' | '.join(shown)}{more}")
