"""Spark's schema of an event. A test holds it to `tracking.events.Event`, where the contract is defined."""

from pyspark.sql.types import ArrayType, BooleanType, IntegerType, StringType, StructField, StructType

EVENT_SCHEMA = StructType(
    [
        StructField("eventId", StringType()),
        StructField("type", StringType()),
        StructField("visitorId", StringType()),
        StructField("occurredAt", StringType()),
        StructField("receivedAt", StringType()),
        StructField("event", StringType()),
        StructField("productId", StringType()),
        StructField("productIds", ArrayType(StringType())),
        StructField("origin", StringType()),
        StructField("listId", StringType()),
        StructField("positions", ArrayType(IntegerType())),
        StructField("personId", StringType()),
        StructField("source", StringType()),
        StructField("leftOut", BooleanType()),
    ]
)
"""The fields that the model reads; `properties`, `context` and what is sealed are left in the log."""
