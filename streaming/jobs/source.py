"""Where the application reads: the topic from the ledger's positions on."""

import json
import time

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession

from streaming.jobs.ledger import Offsets
from streaming.jobs.settings import Settings

EARLIEST = -2
TOPIC_SECONDS = 60
"""How long a start waits for the topic."""


class TopicMissingError(Exception):
    """The topic does not exist, or the brokers do not tell."""


def records(session: SparkSession, settings: Settings, topic: str, positions: Offsets) -> DataFrame:
    """The records of `topic` as a stream: each partition from its position, from the earliest where it has none.

    Raises TopicMissingError. The stream itself fails when the log no longer has an offset that the ledger has not
    applied: nothing is skipped in silence.
    """
    start = {str(p): positions.get(p, EARLIEST) for p in range(partition_count(session, settings, topic))}
    stream = (
        session.readStream.format("kafka")
        .options(**settings.kafka)
        .option("subscribe", topic)
        .option("startingOffsets", json.dumps({topic: start}))
        .option("maxOffsetsPerTrigger", settings.max_events)
        .option("failOnDataLoss", "true")
        .option("kafka.fetch.max.wait.ms", "1")
        .option("fetchOffset.numRetries", "10")
        .option("fetchOffset.retryIntervalMs", "500")
        .load()
    )
    # A task for each core instead of one for each partition: a small batch costs as many tasks, whatever is in them.
    return stream.coalesce(min(len(start), session.sparkContext.defaultParallelism))


def partition_count(session: SparkSession, settings: Settings, topic: str) -> int:
    """How many partitions the topic has, asked with the same client and options as the source's.

    Waits for brokers and topic, which may be starting at the same time as the application.
    """
    jvm = session._jvm
    assert jvm is not None
    properties = jvm.java.util.Properties()
    for name, value in settings.kafka.items():
        properties.setProperty(name.removeprefix("kafka."), value)
    properties.setProperty("request.timeout.ms", "3000")
    properties.setProperty("default.api.timeout.ms", "3000")
    admin = jvm.org.apache.kafka.clients.admin.Admin.create(properties)
    deadline = time.monotonic() + TOPIC_SECONDS
    try:
        while True:
            try:
                described = admin.describeTopics(jvm.java.util.List.of(topic)).allTopicNames().get()
                return int(described.get(topic).partitions().size())
            except Py4JJavaError as error:
                if time.monotonic() > deadline:
                    raise TopicMissingError(
                        f"The topic {topic} cannot be described at {settings.kafka['kafka.bootstrap.servers']}: start "
                        "the brokers and run `python manage.py create_topics`. "
                        f"({error.java_exception.getMessage()})"
                    ) from error
                time.sleep(0.3)
    finally:
        admin.close()
