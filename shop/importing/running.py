"""An import as the worker runs it: how far it is can be seen while its transaction is open."""

import logging
import time
from typing import Final

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from shop.importing.models import CatalogueImport
from shop.importing.reading import format_of
from shop.importing.writing import import_catalogue

SAY_SECONDS: Final = 0.3
ERRORS_KEPT: Final = 1000
logger = logging.getLogger(__name__)


def run(import_id: int) -> None:
    """Runs it once, however often it is asked to."""
    states = CatalogueImport.State
    own = CatalogueImport.objects.filter(pk=import_id)
    if not own.filter(state=states.WAITING).update(state=states.RUNNING, heard_at=timezone.now()):
        return
    asked = own.get()
    said = connections.create_connection("default")
    try:
        outcome = import_catalogue(
            bytes(asked.content or b""),
            format_of(asked.name),
            dry_run=asked.dry_run,
            hide_others=asked.hide_others,
            progress=Told(said, import_id),
        )
    except DatabaseError as error:
        logger.warning("The import of %s failed, and wrote nothing: %s", asked.name, error)
        own.update(state=states.FAILED, failure=str(error).strip().partition("\n")[0], content=None)
        return
    finally:
        said.close()
    told = outcome.as_json()
    told["mistakes"], told["errors"] = len(outcome.errors), told["errors"][:ERRORS_KEPT]
    # After a dry run without a mistake the file is kept: it can be imported as it is.
    keeps = asked.dry_run and not outcome.errors
    own.update(
        state=states.DONE, outcome=told, heard_at=timezone.now(), content=asked.content if keeps else None
    )


class Told:
    """Writes down how far it is, through a connection beside the one whose transaction is open."""

    def __init__(self, connection: BaseDatabaseWrapper, import_id: int) -> None:
        self.connection = connection
        self.import_id = import_id
        self.told_at = 0.0

    def __call__(self, doing: str, done: int, total: int) -> None:
        if done < total and time.monotonic() < self.told_at + SAY_SECONDS:
            return
        self.told_at = time.monotonic()
        with self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE shop_catalogueimport SET doing = %s, done = %s, total = %s, heard_at = now() WHERE id = %s",
                [doing, done, total, self.import_id],
            )
