"""Spark's schema of an event. A test holds it to `tracking.events.Event`, where the contract is defined."""

from pyspark.sql.types import ArrayType, StringType, StructField, StructType

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
    ]
)
"""The fields that the model reads; `properties` and `context` are left in the log."""
