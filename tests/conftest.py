"""What tests of several packages share: waiting for a condition, a connection that commits, a Spark session."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from django.conf import settings
from django.db import connection as django_connection

from tests import stack

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]

MODEL_TABLES = (
    "recommendations_pair",
    "recommendations_basketpair",
    "recommendations_productcount",
    "recommendations_productrhythm",
    "recommendations_purchase",
    "recommendations_producthour",
    "recommendations_visitorevent",
    "recommendations_visitorperson",
    "recommendations_seenevent",
    "recommendations_foldedminute",
    "recommendations_receivedminute",
    "recommendations_visitororigin",
    "recommendations_originday",
    "recommendations_listhour",
    "recommendations_listvisitor",
    "recommendations_listclick",
    "recommendations_exposure",
    "recommendations_exposurehour",
    "recommendations_experimentarm",
    "recommendations_experiment",
    "recommendations_similarproducts",
    "recommendations_visitorlist",
    "recommendations_waitingproduct",
    "recommendations_waitingvisitor",
    "recommendations_sessionlist",
    "recommendations_changedvisitor",
    "recommendations_rankedproduct",
    "recommendations_pruning",
    "recommendations_judgedhour",
    "streaming_rejectedrecord",
    "streaming_batchrange",
    "streaming_batch",
    "streaming_position",
    "streaming_query",
)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Whoever asks for the database has the servers started, also in a folder of tests that need none."""
    stack.start()


def wait_for(condition: Callable[[], T], seconds: float = 20, what: str = "") -> T:
    """The first true value of `condition`, asked ten times a second; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s for {what or condition}; last: {value!r}")
        time.sleep(0.1)


@pytest.fixture
def model(db: None) -> Iterator[Connection]:
    """A connection of its own to the tests' database, whose commits are real, with the model empty."""
    test_database = str(django_connection.settings_dict["NAME"])
    assert test_database.startswith("test_")
    with psycopg.connect(settings.DATABASE_URL, autocommit=True, dbname=test_database) as connection:
        _empty(connection)
        connection.execute("CALL recommendations_open_fold()")
        yield connection
        _empty(connection)


def _empty(connection: Connection) -> None:
    # Not TRUNCATE, which waits for every reader, and the test's own Django connection may be one.
    for table in MODEL_TABLES:
        connection.execute(f"DELETE FROM {table}")


def spark_jars() -> str:
    """The connector's jars, comma-separated, as `SPARK_JARS` has them."""
    folder = Path(__file__).resolve().parent.parent / ".local" / "jars" / "spark"
    return os.environ.get("SPARK_JARS") or ",".join(map(str, sorted(folder.glob("*.jar"))))


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A Spark session in this process, like the application's but for its master."""
    from streaming.jobs.session import spark_session
    from streaming.jobs.settings import Settings

    session = spark_session(
        Settings(
            database_url=settings.DATABASE_URL,
            kafka={"kafka.bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS},
            master="local[1]",
            jars=spark_jars(),
        )
    )
    yield session
    session.stop()
