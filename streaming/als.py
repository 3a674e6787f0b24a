"""The ALS challenger from Django's side: its place in the registry, and the Spark job that fills it."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from django.conf import settings
from psycopg import sql
from psycopg.types.json import Jsonb

from recommendations.models import Model
from services.jars import jars
from streaming.rebuild.beside import RefusedError, locked
from streaming.rebuild.shadow import connect
from streaming.rebuild.tables import LIVE

NAME: Final = "als"
SCHEMA: Final = "model_als"
SIMILAR: Final = "recommendations_similarproducts"
MINUTES: Final = 60
"""How long training may take: a challenger is not worth a machine."""


class TrainingFailedError(Exception):
    """The job ended with an error, or took too long; the message has its last words."""


def train(minutes: float = MINUTES) -> int:
    """Trains on the log and stores the similar products as the model `als`; returns of how many products.

    Raises RefusedError, BusyModelError, TrainingFailedError.
    """
    with (
        connect() as connection,
        locked(connection, SCHEMA, "ALS is being trained already: wait until it has ended."),
    ):
        _register()
        try:
            _run_job(minutes)
        except TrainingFailedError as error:
            Model.objects.filter(name=NAME).update(error=str(error))
            raise
        counted = connection.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(SCHEMA, SIMILAR))
        ).fetchone()
        connection.execute(
            "UPDATE recommendations_model SET state = %s, caught_up_at = now(), error = '' WHERE name = %s",
            (Model.State.READY, NAME),
        )
    return int(counted[0]) if counted else 0


def _register() -> None:
    """A model with one table of its own: histories, and all else, are the live ones."""
    with connect() as connection, connection.transaction():
        connection.execute(
            "INSERT INTO recommendations_model (name, schema, kind, state, parameters, positions, error)"
            " VALUES (%s, %s, %s, %s, %s, '{}', '') ON CONFLICT DO NOTHING",
            (
                NAME,
                SCHEMA,
                Model.Kind.ALS,
                Model.State.DERIVING,
                Jsonb({"trained": "each night on the whole log"}),
            ),
        )
        row = connection.execute("SELECT kind FROM recommendations_model WHERE name = %s", (NAME,)).fetchone()
        if row != (Model.Kind.ALS,):
            raise RefusedError(f"A model of another kind is called {NAME!r}: drop it first.")
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
        connection.execute(
            sql.SQL("CREATE TABLE IF NOT EXISTS {} (LIKE {} INCLUDING ALL)").format(
                sql.Identifier(SCHEMA, SIMILAR), sql.Identifier(LIVE, SIMILAR)
            )
        )


def _run_job(minutes: float) -> None:
    """A process of its own, in a session of its own: what it started ends with it."""
    environment = os.environ | {
        "DATABASE_URL": settings.DATABASE_URL,
        "KAFKA_BOOTSTRAP_SERVERS": settings.KAFKA_BOOTSTRAP_SERVERS,
        "KAFKA_TOPIC_PREFIX": settings.KAFKA_TOPIC_PREFIX,
        "SPARK_JARS": os.environ.get("SPARK_JARS") or ",".join(map(str, jars("spark"))),
    }
    with tempfile.TemporaryFile() as said:
        job = subprocess.Popen(
            [sys.executable, "-m", "streaming.jobs.als", SCHEMA],
            env=environment,
            cwd=Path(settings.BASE_DIR),
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            code = job.wait(minutes * 60)
        except subprocess.TimeoutExpired as error:
            raise TrainingFailedError(
                f"Training took longer than {minutes:g} minutes and was ended; the lists of before stay."
            ) from error
        finally:
            if job.poll() is None:
                os.killpg(job.pid, signal.SIGKILL)
                job.wait()
        if code:
            said.seek(0)
            lines = [line for line in said.read().decode(errors="replace").splitlines() if line.strip()]
            raise TrainingFailedError(f"The job ended with {code}: {' '.join(lines[-2:])[:500]}")
