"""The Spark session: small, quiet, and tuned for micro-batches of a few events."""

import logging

from pyspark.sql import SparkSession

from streaming.jobs.settings import KAFKA_CONNECTOR, Settings

JAVA_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss2m -Djdk.lang.Process.launchMechanism=VFORK"
TRIGGER_EXECUTOR = "org.apache.spark.sql.execution.streaming.runtime.ProcessingTimeExecutor"


def spark_session(settings: Settings) -> SparkSession:
    """A session on `settings.master`; the first one of a process also starts its JVM.

    docs/decisions.md says what each of these settings bought.
    """
    builder = (
        SparkSession.builder.appName("tributary")
        .master(settings.master)
        .config("spark.driver.memory", "1g")
        .config("spark.driver.extraJavaOptions", JAVA_OPTIONS)
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.streaming.minBatchesToRetain", "10")
        .config("spark.sql.streaming.numRecentProgressUpdates", "20")
        .config("spark.sql.streaming.stopTimeout", "10s")
        .config("spark.locality.wait", "0s")
        # The checkpoint's files without a checksum file beside each: half as many calls of chmod, each a process.
        .config("spark.hadoop.fs.AbstractFileSystem.file.impl", "org.apache.hadoop.fs.local.RawLocalFs")
    )
    if settings.jars:
        builder = builder.config("spark.jars", settings.jars)
    else:
        builder = builder.config("spark.jars.packages", KAFKA_CONNECTOR)
    if settings.master.startswith("local"):
        builder = builder.config("spark.driver.host", "127.0.0.1").config(
            "spark.driver.bindAddress", "127.0.0.1"
        )
    for key, value in settings.extra.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    _quieten(session)
    return session


def _quieten(session: SparkSession) -> None:
    """Warnings and worse, but for one: that a batch took longer than the trigger, which is as it should be here."""
    session.sparkContext.setLogLevel("WARN")
    logging.getLogger("py4j").setLevel(logging.WARNING)
    jvm = session._jvm
    assert jvm is not None
    log4j = jvm.org.apache.logging.log4j
    log4j.core.config.Configurator.setLevel(TRIGGER_EXECUTOR, log4j.Level.ERROR)
