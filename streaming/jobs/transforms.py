"""From records of the log to events: pure steps, each tested with literal rows in and literal rows out."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from streaming.jobs.schema import EVENT_SCHEMA
from tracking.events import (
    EARLIEST_TIME,
    MAX_ID_LENGTH,
    MAX_NAME_LENGTH,
    MAX_POSITION,
    MAX_PRODUCTS,
    EventType,
)

TEXTS = (
    "e.eventId",
    "e.visitorId",
    "e.event",
    "e.productId",
    "e.productIds",
    "e.personId",
    "e.source",
    "e.origin",
    "e.listId",
)
"""What is written to Postgres as text, which cannot hold U+0000."""
# Regular expressions and no lambdas: a lambda would keep Spark from compiling the whole step, and each task would build
# its own code for every batch.
IDENTIFIERS = rf"\A[^\x00]{{1,{MAX_ID_LENGTH}}}(\x00[^\x00]{{1,{MAX_ID_LENGTH}}})*\z"
"""Joined by U+0000, which none holds; a null among them is empty."""
NUMBERS = r"\A\d+( \d+)*\z"
TIMESTAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"


def parse(records: DataFrame) -> DataFrame:
    """Kafka records -> partition, offset, appended_at, and the event as a struct, null where it is no JSON object.

    `erased` is the visitor of a tombstone (a record without a value), empty where its key is no text; else null.
    """
    key = f.coalesce(f.try_validate_utf8(f.col("key").cast("string")), f.lit(""))
    return records.select(
        f.col("partition"),
        f.col("offset"),
        f.col("timestamp").alias("appended_at"),
        f.when(f.col("value").isNull(), key).alias("erased"),
        f.from_json(f.col("value").cast("string"), EVENT_SCHEMA).alias("e"),
    )


def validate(parsed: DataFrame) -> DataFrame:
    """Adds `reason`: why the record is no event of the contract and no tombstone, null where it is one."""
    e = "e."
    checks = [
        f.when(
            f.coalesce("e.eventId", "e.visitorId", "e.type").isNull(), "not a JSON object of the contract"
        ),
        *(_check_identifier(e + name, required=True) for name in ("eventId", "visitorId")),
        *(
            _check_identifier(e + name, required=False)
            for name in ("productId", "personId", "origin", "listId")
        ),
        f.when(_is_not(f.col("e.type").isin([kind.value for kind in EventType])), "type: unknown"),
        f.when(
            ~f.length("e.event").between(1, MAX_NAME_LENGTH), f"event: not 1 to {MAX_NAME_LENGTH} characters"
        ),
        f.when(
            ~f.length("e.source").between(1, MAX_NAME_LENGTH),
            f"source: not 1 to {MAX_NAME_LENGTH} characters",
        ),
        *(_check_time(e + name) for name in ("occurredAt", "receivedAt")),
        f.when(f.concat_ws("", *TEXTS).contains("\0"), "holds the character U+0000"),
        f.when(f.size("e.productIds") > MAX_PRODUCTS, f"productIds: more than {MAX_PRODUCTS}"),
        f.when(
            (f.size("e.productIds") > 0) & ~f.array_join("e.productIds", "\0", "").rlike(IDENTIFIERS),
            f"productIds: not each 1 to {MAX_ID_LENGTH} characters",
        ),
    ]
    keyless = ~f.length("erased").between(1, MAX_ID_LENGTH) | f.col("erased").contains("\0")
    reason = f.when(f.col("erased").isNull(), f.coalesce(*checks)).when(
        keyless, "a tombstone whose key is no visitor"
    )
    return parsed.select("partition", "offset", "appended_at", "erased", "e", reason.alias("reason"))


def flatten(validated: DataFrame) -> DataFrame:
    """The columns that the sink copies, and `reason`: products in their order, each once; their positions or null.

    Of a rejected record only the reason counts; a tombstone is one without `event_id`.
    """
    products = (
        f.when(f.size("e.productIds") > 0, f.array_distinct("e.productIds"))
        .when(f.col("e.productId").isNotNull(), f.array("e.productId"))
        .otherwise(f.array().cast("array<string>"))
    )
    positions = f.when(
        (f.size("e.positions") == f.size(products))
        & (f.size(products) > 0)
        & f.array_join(f.col("e.positions").cast("array<string>"), " ", "null").rlike(NUMBERS)
        & (f.array_max("e.positions") <= MAX_POSITION),
        f.col("e.positions"),
    )
    return validated.select(
        "partition",
        "offset",
        # As text: PySpark would hand a timestamp over in the zone of the machine, without saying which.
        f.date_format("appended_at", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").alias("appended_at"),
        f.coalesce("erased", "e.visitorId").alias("visitor_id"),
        f.col("e.eventId").alias("event_id"),
        f.coalesce("e.event", "e.type").alias("event"),
        f.col("e.occurredAt").alias("occurred_at"),
        f.col("e.receivedAt").alias("received_at"),
        products.alias("product_ids"),
        f.col("e.personId").alias("person_id"),
        f.col("e.source").alias("source"),
        f.coalesce("e.leftOut", f.lit(False)).alias("left_out"),
        f.col("e.origin").alias("origin"),
        f.col("e.listId").alias("list_id"),
        positions.alias("positions"),
        "reason",
    )


def _is_not(condition: Column) -> Column:
    return f.coalesce(~condition, f.lit(True))


def _check_identifier(name: str, *, required: bool) -> Column:
    wrong = ~f.length(name).between(1, MAX_ID_LENGTH)
    if required:
        wrong = f.coalesce(wrong, f.lit(True))
    return f.when(wrong, f"{name[2:]}: not 1 to {MAX_ID_LENGTH} characters")


def _check_time(name: str) -> Column:
    moment = f.try_to_timestamp(f.col(name))
    return f.when(
        _is_not(f.col(name).rlike(TIMESTAMP)) | moment.isNull(),
        f"{name[2:]}: not an RFC 3339 time in UTC with milliseconds",
    ).when(
        (moment < f.lit(EARLIEST_TIME).cast("timestamp"))
        | (moment > f.col("appended_at") + f.expr("INTERVAL 24 HOURS")),
        f"{name[2:]}: before {EARLIEST_TIME[:4]}, or more than 24 hours after it was appended",
    )
