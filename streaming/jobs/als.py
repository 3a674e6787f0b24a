"""The ALS challenger: product factors of the whole log, and from them each product's most similar ones.

`python -m streaming.jobs.als SCHEMA` writes them into that schema's recommendations_similarproducts: one transaction.
"""

import json
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import sql
from pyspark.ml.feature import StringIndexer
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from streaming.jobs.fold import Connection
from streaming.jobs.ledger import Ledger
from streaming.jobs.session import spark_session
from streaming.jobs.settings import Settings, settings_from_environment
from streaming.jobs.source import partition_count
from streaming.jobs.transforms import flatten, parse, validate
from tracking.events import ACTIVITY

RANK: Final = 64
ITERATIONS: Final = 10
REGULARIZATION: Final = 0.1
CONFIDENCE: Final = 10.0
"""MLlib's alpha: how much surer than of nothing one is of something that was looked at once."""
NEIGHBOURS: Final = 50
ROWS: Final = 512
"""Products whose similarities are in memory at once."""
VISITORS: Final = 2**31 - 1
"""Visitors are numbered by hash: two of a million meet a few hundred times, which no factor notices."""
JAVA: Final = {"spark.driver.extraJavaOptions": "-XX:+UseSerialGC -Xss4m", "spark.driver.memory": "1g"}
"""With the second compiler, other than the live application: this one computes for minutes."""

Factors = npt.NDArray[np.float32]
Similar = tuple[str, list[str], list[float]]
logger = logging.getLogger("streaming.jobs.als")


def records(session: SparkSession, settings: Settings, topic: str, end: dict[int, int]) -> DataFrame:
    """The log up to where the ledger says that it was applied."""
    ends = {str(p): end.get(p, 0) for p in range(partition_count(session, settings, topic))}
    return (
        session.read.format("kafka")
        .options(**settings.kafka)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .option("endingOffsets", json.dumps({topic: ends}))
        .load()
    )


def preferences(events: DataFrame, weights: DataFrame, half_life_seconds: float) -> DataFrame:
    """How much each visitor (a number) has looked at each product, decayed by age: what speaks for it only.

    The same event counts once, what is left out does not, nor what a visitor did before they were erased.
    """
    erased = (
        events.filter("event_id IS NULL").groupBy("visitor_id").agg(f.max("appended_at").alias("erased_at"))
    )
    other = weights.filter("event = '*'").select(f.col("weight").alias("other_weight"))
    counted = (
        events.filter("event_id IS NOT NULL AND NOT left_out AND size(product_ids) > 0")
        .dropDuplicates(["visitor_id", "event_id"])
        .join(erased, "visitor_id", "left")
        .filter("erased_at IS NULL OR appended_at > erased_at")
        .join(f.broadcast(weights), "event", "left")
        .crossJoin(f.broadcast(other))
        .withColumn("weight", f.coalesce("weight", "other_weight"))
        .filter("weight > 0")
    )
    age = f.unix_timestamp(f.current_timestamp()) - f.unix_timestamp(f.to_timestamp("occurred_at"))
    decayed = f.col("weight") * f.pow(f.lit(0.5), age / f.lit(half_life_seconds))
    return (
        counted.select(
            f.pmod(f.xxhash64("visitor_id"), f.lit(VISITORS)).cast("int").alias("visitor"),
            f.explode("product_ids").alias("product_id"),
            decayed.alias("preference"),
        )
        .groupBy("visitor", "product_id")
        .agg(f.sum("preference").cast("float").alias("preference"))
        .select("visitor", "product_id", "preference")
    )


def product_factors(preferred: DataFrame) -> tuple[list[str], Factors]:
    """The products and a row of factors for each, in the same order."""
    indexer = StringIndexer(inputCol="product_id", outputCol="product").fit(preferred)
    numbered = indexer.transform(preferred).withColumn("product", f.col("product").cast("int"))
    als = ALS(
        rank=RANK,
        maxIter=ITERATIONS,
        regParam=REGULARIZATION,
        alpha=CONFIDENCE,
        implicitPrefs=True,
        userCol="visitor",
        itemCol="product",
        ratingCol="preference",
        seed=7,
    )
    products: list[str] = []
    factors: list[Factors] = []
    for row in als.fit(numbered).itemFactors.toLocalIterator():
        products.append(indexer.labels[row.id])
        factors.append(np.asarray(row.features, dtype=np.float32))
    return products, np.vstack(factors)


def most_similar(products: list[str], factors: Factors) -> Iterator[Similar]:
    """For each product the others by the cosine of their factors, best first; only what points the same way."""
    lengths = np.linalg.norm(factors, axis=1, keepdims=True)
    unit = factors / np.where(lengths > 0, lengths, 1)
    most = min(NEIGHBOURS, len(products) - 1)
    for first in range(0, len(products), ROWS):
        cosines = unit[first : first + ROWS] @ unit.T
        for place, row in enumerate(cosines, first):
            row[place] = -1
            best = np.argpartition(-row, most - 1)[:most] if most else np.empty(0, dtype=np.intp)
            kept = sorted((-float(row[b]), products[b]) for b in best if row[b] > 0)
            yield products[place], [product for _, product in kept], [-score for score, _ in kept]


def write(connection: Connection, schema: str, similar: Iterator[Similar]) -> int:
    """Replaces the schema's lists in one transaction; returns how many there are."""
    table = sql.Identifier(schema, "recommendations_similarproducts")
    now, written = datetime.now(UTC), 0
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("DELETE FROM {}").format(table))
        copy = sql.SQL("COPY {} (product_id, as_of, other_ids, scores) FROM STDIN").format(table)
        with cursor.copy(copy) as rows:
            for product, others, scores in similar:
                rows.write_row((product, now, others, scores))
                written += 1
    return written


def run(session: SparkSession, settings: Settings, schema: str) -> int:
    topic = settings.topic_prefix + ACTIVITY
    with psycopg.connect(settings.database_url, autocommit=True, connect_timeout=5) as connection:
        end = Ledger("activity", topic, checkpoint="").positions(connection)
        weights = connection.execute("SELECT event, weight FROM recommendations_eventweight").fetchall()
        row: Any = connection.execute(
            "SELECT extract(epoch FROM half_life)::float8 FROM recommendations_parameters"
        ).fetchone()
        events = records(session, settings, topic, end).transform(parse).transform(validate)
        accepted = events.filter("reason IS NULL").transform(flatten)
        known = session.createDataFrame(weights, "event string, weight double")
        preferred = accepted.transform(lambda e: preferences(e, known, row[0])).cache()
        if preferred.isEmpty():
            logger.info("The log has nothing to learn from yet.")
            return 0
        return write(connection, schema, most_similar(*product_factors(preferred)))


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="{asctime} {levelname} {name} {message}", style="{")
    os.nice(10)  # the live application comes first
    settings = settings_from_environment()
    master = "local[1]" if settings.master.startswith("local") else settings.master
    settings = replace(settings, master=master, extra=settings.extra | JAVA)
    session = spark_session(settings)
    try:
        written = run(session, settings, sys.argv[1])
        logger.info("Similar products of %s products.", written)
    finally:
        session.stop()


if __name__ == "__main__":
    main()
