"""The Spark application: from the topic `activity` into the model. Run it with `python -m streaming.jobs.activity`."""

import logging
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import sdnotify
from psycopg import OperationalError
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from streaming.jobs.fold import Connection
from streaming.jobs.ledger import Ledger
from streaming.jobs.session import spark_session
from streaming.jobs.settings import Settings, settings_from_environment
from streaming.jobs.sink import Sink, open_connection
from streaming.jobs.source import TopicMissingError, records
from streaming.jobs.transforms import flatten, parse, validate
from tracking.events import ACTIVITY

QUERY = "activity"
"""The query's name in the ledger."""
REPORT_SECONDS = 3
LOOK_SECONDS = 0.5
IDLE_WORK = timedelta(milliseconds=500)
"""How long, of every report's time, lists that wait are derived while no events come."""

logger = logging.getLogger("streaming.jobs.activity")


def run(session: SparkSession, settings: Settings) -> None:
    """Runs the query until it fails or the process is told to end.

    Each run has a checkpoint of its own, thrown away with the run: where it starts is what the ledger says.
    """
    run_id = uuid4().hex
    checkpoint = settings.checkpoints / QUERY / run_id
    shutil.rmtree(checkpoint.parent, ignore_errors=True)
    ledger = Ledger(QUERY, settings.topic_prefix + ACTIVITY, run_id)
    connect = partial(open_connection, settings.database_url)
    with connect() as connection:
        stand_by(ledger, connection)
        ledger.claim(connection)
        positions = ledger.positions(connection)
        warm_up(session, connection)
        events = records(session, settings, ledger.topic, positions).transform(parse).transform(validate)
        query = (
            events.transform(flatten)
            .writeStream.foreachBatch(Sink(ledger, connect, checkpoint, positions, settings.patience))
            .trigger(processingTime=settings.trigger)
            .option("checkpointLocation", checkpoint.as_uri())
            .queryName(QUERY)
            .start()
        )
        watch(query, ledger, connection, connect)


def stand_by(ledger: Ledger, connection: Connection) -> None:
    """Waits while another driver is at work, so that two do not take the query from each other for ever."""
    if ledger.is_held(connection):
        logger.info("Another driver is at work on the query %s; this one stands by.", ledger.query)
        sdnotify.SystemdNotifier().notify("STATUS=standing by: another driver is at work")
    while ledger.is_held(connection):
        time.sleep(LOOK_SECONDS)


def watch(
    query: StreamingQuery, ledger: Ledger, connection: Connection, connect: partial[Connection]
) -> None:
    """Says that the run is alive until its query ends or SIGTERM comes.

    Raises StreamingQueryException with what the query failed of.
    """
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    notifier = sdnotify.SystemdNotifier()
    notifier.notify("READY=1\nSTATUS=waiting for events")
    reported = 0.0
    while query.isActive and not stopping.wait(LOOK_SECONDS):
        if time.monotonic() - reported < REPORT_SECONDS:
            continue
        reported = time.monotonic()
        connection = _at_postgres(connection, connect, ledger.report)
        if not query.status["isDataAvailable"]:
            connection = _at_postgres(connection, connect, derive_waiting)
        if last := query.lastProgress:
            notifier.notify(f"STATUS=batch {last.batchId} with {last.numInputRows} events")
    if error := query.exception():
        said = str(error).splitlines()[0]
        _at_postgres(connection, connect, lambda known: ledger.report(known, said))
        raise error
    query.stop()


def _at_postgres(
    connection: Connection, connect: partial[Connection], work: Callable[[Connection], object]
) -> Connection:
    """Works on the connection, or on a new one where Postgres dropped it; returns the one to use next."""
    try:
        if connection.closed:
            connection = connect()
        work(connection)
    except OperationalError as lost:
        connection.close()
        logger.warning("Postgres does not answer; the query waits for it: %s", lost)
    return connection


def derive_waiting(connection: Connection) -> None:
    """Derives some of the lists for which batches had no time; while a batch is at work, it waits for its end."""
    connection.execute(
        "SELECT recommendations_derive_waiting(clock_timestamp() + %s)"
        " WHERE EXISTS (SELECT FROM recommendations_waitingproduct)",
        (IDLE_WORK,),
    )


def warm_up(session: SparkSession, connection: Connection) -> None:
    """Runs every step once on a record of its own, so that the first visitor's event does not wait for compilers."""
    record = [(0, 0, datetime.now(UTC), b"visitor", b"{}")]
    sample: DataFrame = session.createDataFrame(
        record, "partition int, offset long, timestamp timestamp, key binary, value binary"
    )
    sample.transform(parse).transform(validate).transform(flatten).collect()
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT recommendations_fold(0, 'warm-up', true, true)")


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="{asctime} {levelname} {name} {message}", style="{")
    settings = settings_from_environment()
    settings.checkpoints.mkdir(parents=True, exist_ok=True)
    session = spark_session(settings)
    try:
        run(session, settings)
    except (StreamingQueryException, TopicMissingError) as error:
        logger.error("The query %s ended: %s", QUERY, error)
        sys.exit(1)
    finally:
        session.stop()


if __name__ == "__main__":
    main()
