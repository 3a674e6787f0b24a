"""Literal records in, literal rows out."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from streaming.jobs.transforms import flatten, parse, validate

APPENDED = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIME = "2026-03-01T11:59:59.123Z"
GOOD = {"eventId": "e", "type": "track", "visitorId": "v", "occurredAt": TIME, "receivedAt": TIME}


def rows_of(spark: SparkSession, *values: str | dict[str, Any]) -> list[Row]:
    return rows_of_records(
        spark,
        *((b"v", (value if isinstance(value, str) else json.dumps(value)).encode()) for value in values),
    )


def rows_of_records(spark: SparkSession, *records: tuple[bytes | None, bytes | None]) -> list[Row]:
    rows = [(0, offset, APPENDED, key, value) for offset, (key, value) in enumerate(records)]
    schema = "partition int, offset long, timestamp timestamp, key binary, value binary"
    frame = spark.createDataFrame(rows, schema)
    return frame.transform(parse).transform(validate).transform(flatten).collect()


def test_an_event_becomes_the_row_that_the_sink_copies(spark: SparkSession) -> None:
    event = GOOD | {"event": "Product Viewed", "productId": "p", "properties": {"x": 1}, "unknown": [1]}
    (row,) = rows_of(spark, event)
    assert row.asDict() == {
        "partition": 0,
        "offset": 0,
        "appended_at": "2026-03-01T12:00:00.000Z",
        "visitor_id": "v",
        "event_id": "e",
        "event": "Product Viewed",
        "occurred_at": TIME,
        "received_at": TIME,
        "product_ids": ["p"],
        "person_id": None,
        "source": None,
        "left_out": False,
        "origin": None,
        "list_id": None,
        "positions": None,
        "reason": None,
    }


def test_who_the_visitor_is_and_what_is_left_out_are_carried(spark: SparkSession) -> None:
    (row,) = rows_of(spark, GOOD | {"personId": "u-1", "source": "shop", "leftOut": True, "bot": True})
    assert (row.person_id, row.source, row.left_out) == ("u-1", "shop", True)


def test_the_list_and_the_positions_of_its_products_are_carried(spark: SparkSession) -> None:
    seen, clicked = rows_of(
        spark,
        GOOD
        | {"event": "Product List Viewed", "productIds": ["a", "b"], "listId": "home", "positions": [3, 0]},
        GOOD | {"event": "Product Clicked", "productId": "a", "listId": "home", "positions": [3]},
    )
    assert (seen.product_ids, seen.list_id, seen.positions) == (["a", "b"], "home", [3, 0])
    assert (clicked.product_ids, clicked.list_id, clicked.positions) == (["a"], "home", [3])


@pytest.mark.parametrize(
    "positions", ["1", [1, 2], [], ["1"], [None], [-1], [10_001], [1.5], [2**40], {"a": 1}, 1]
)
def test_positions_that_say_nothing_are_passed_over(spark: SparkSession, positions: Any) -> None:
    (row,) = rows_of(spark, GOOD | {"productId": "a", "listId": "home", "positions": positions})
    assert (row.reason, row.list_id, row.positions) == (None, "home", None)


def test_a_record_without_a_value_erases_the_visitor_of_its_key(spark: SparkSession) -> None:
    tombstone, *keyless = rows_of_records(
        spark, (b"v-1", None), (None, None), (b"", None), (b"v" * 101, None), (b"\xff", None), (b"a\0b", None)
    )
    assert (tombstone.visitor_id, tombstone.event_id, tombstone.event, tombstone.reason) == (
        "v-1",
        None,
        None,
        None,
    )
    assert {row.reason for row in keyless} == {"a tombstone whose key is no visitor"}


def test_products_stand_in_their_order_each_once(spark: SparkSession) -> None:
    listed, single, without = rows_of(
        spark,
        GOOD | {"event": "Order Completed", "productId": "b", "productIds": ["b", "a", "b"]},
        GOOD | {"productId": "p", "productIds": []},
        GOOD | {"type": "page"},
    )
    assert listed.product_ids == ["b", "a"]
    assert single.product_ids == ["p"]
    assert without.product_ids == []
    assert without.event == "page"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("not json", "not a JSON object of the contract"),
        ("[1]", "not a JSON object of the contract"),
        ("{}", "not a JSON object of the contract"),
        (GOOD | {"eventId": ""}, "eventId: not 1 to 100 characters"),
        (GOOD | {"visitorId": None}, "visitorId: not 1 to 100 characters"),
        (GOOD | {"visitorId": "v" * 101}, "visitorId: not 1 to 100 characters"),
        (GOOD | {"productId": "p" * 101}, "productId: not 1 to 100 characters"),
        (GOOD | {"type": "click"}, "type: unknown"),
        (GOOD | {"event": "n" * 201}, "event: not 1 to 200 characters"),
        (GOOD | {"occurredAt": "yesterday"}, "occurredAt: not an RFC 3339 time in UTC with milliseconds"),
        (
            GOOD | {"occurredAt": "2026-02-30T00:00:00.000Z"},
            "occurredAt: not an RFC 3339 time in UTC with milliseconds",
        ),
        (
            GOOD | {"occurredAt": "1999-12-31T23:59:59.999Z"},
            "occurredAt: before 2000, or more than 24 hours after it was appended",
        ),
        (
            GOOD | {"receivedAt": "2026-03-02T12:00:00.001Z"},
            "receivedAt: before 2000, or more than 24 hours after it was appended",
        ),
        (GOOD | {"receivedAt": None}, "receivedAt: not an RFC 3339 time in UTC with milliseconds"),
        (GOOD | {"personId": ""}, "personId: not 1 to 100 characters"),
        (GOOD | {"origin": ""}, "origin: not 1 to 100 characters"),
        (GOOD | {"listId": "l" * 101}, "listId: not 1 to 100 characters"),
        (GOOD | {"listId": "a\0b"}, "holds the character U+0000"),
        (GOOD | {"source": "s" * 201}, "source: not 1 to 200 characters"),
        (GOOD | {"personId": "a\0b"}, "holds the character U+0000"),
        (GOOD | {"source": "a\0b"}, "holds the character U+0000"),
        ("", "not a JSON object of the contract"),
        (GOOD | {"eventId": "a\0b"}, "holds the character U+0000"),
        (GOOD | {"productIds": ["a\0b"]}, "holds the character U+0000"),
        (GOOD | {"productIds": ["p"] * 101}, "productIds: more than 100"),
        (GOOD | {"productIds": ["p", None]}, "productIds: not each 1 to 100 characters"),
    ],
)
def test_what_is_no_event_keeps_its_place_and_gets_its_reason(
    spark: SparkSession, value: str | dict[str, Any], reason: str
) -> None:
    rejected, good = rows_of(spark, value, GOOD)
    assert (rejected.offset, rejected.reason) == (0, reason)
    assert (good.offset, good.reason) == (1, None)
