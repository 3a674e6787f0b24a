"""The event contract, as bytes, as JSON Schema and as Spark's schema."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.tracking.strategies import events, json_values
from tracking.events import (
    MAX_ID_LENGTH,
    MAX_NAME_LENGTH,
    MAX_POSITION,
    MAX_PRODUCTS,
    Event,
    decode,
    encode,
    format_timestamp,
    json_schema,
)

SCHEMA = Draft202012Validator(json_schema())
SMALLEST: dict[str, Any] = {
    "eventId": "e-1",
    "type": "track",
    "visitorId": "v-1",
    "occurredAt": "2026-11-23T08:00:00.000Z",
    "receivedAt": "2026-11-23T08:00:00.250Z",
}
MISSING = object()
REFUSED: dict[str, list[Any]] = {
    "eventId": [MISSING, None, "", "e" * (MAX_ID_LENGTH + 1), 7, "nul\x00"],
    "type": [MISSING, None, "", "click", "TRACK"],
    "visitorId": [MISSING, None, "", "v" * (MAX_ID_LENGTH + 1), ["v"], "\x00"],
    "occurredAt": [
        MISSING,
        None,
        "",
        "yesterday",
        "2026-11-23T08:00:00Z",
        "2026-11-23T08:00:00.000+01:00",
        5,
    ],
    "receivedAt": [MISSING, None, 1763884800, "2026-11-23 08:00:00.000Z"],
    "event": ["", "n" * (MAX_NAME_LENGTH + 1), 1, "\x00"],
    "userId": ["", 12, "u" * (MAX_ID_LENGTH + 1)],
    "productId": ["", 12, "p" * (MAX_ID_LENGTH + 1), "p\x00"],
    "productIds": [None, "p", [""], [None], ["p\x00"], ["p"] * (MAX_PRODUCTS + 1)],
    "listId": ["", 12, "l" * (MAX_ID_LENGTH + 1), "l\x00"],
    "positions": [None, 3, ["1"], [-1], [1.5], [MAX_POSITION + 1], [1] * (MAX_PRODUCTS + 1)],
    "properties": [None, [], "a"],
    "context": [None, 1],
}


@given(events)
def test_an_event_comes_back_from_its_bytes_unchanged(event: Event) -> None:
    assert decode(encode(event)) == event


@given(events)
def test_the_schema_takes_whatever_is_encoded(event: Event) -> None:
    SCHEMA.validate(json.loads(encode(event)))


@given(events, st.dictionaries(st.sampled_from(["later", "schemaVersion", "0"]), json_values, min_size=1))
def test_fields_that_a_later_version_added_are_passed_over(event: Event, later: dict[str, Any]) -> None:
    newer = json.loads(encode(event)) | later

    SCHEMA.validate(newer)
    assert decode(json.dumps(newer).encode()) == event


def test_an_event_of_the_first_version_stays_readable() -> None:
    event = decode(json.dumps(SMALLEST).encode())

    assert (event.event, event.user_id, event.product_id) == (None, None, None)
    assert (event.products, event.properties, event.context) == ([], {}, {})
    assert (event.list_id, event.positions) == (None, [])


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in REFUSED.items() for value in values]
)
def test_decoder_and_schema_refuse_the_same(field: str, value: Any) -> None:
    wrong = {name: known for name, known in SMALLEST.items() if name != field}
    if value is not MISSING:
        wrong[field] = value

    assert not SCHEMA.is_valid(wrong)
    with pytest.raises(msgspec.ValidationError, match=field):
        decode(json.dumps(wrong).encode())


@given(st.sampled_from(sorted(REFUSED)), json_values)
def test_decoder_and_schema_agree_on_any_value(field: str, value: Any) -> None:
    candidate = SMALLEST | {field: value}
    try:
        decode(json.dumps(candidate).encode())
    except msgspec.ValidationError:
        assert not SCHEMA.is_valid(candidate)
    else:
        SCHEMA.validate(candidate)


@pytest.mark.parametrize("value", [b"", b"null", b"[]", b"{", b'"text"', b"\xff\xfe"])
def test_what_is_no_json_object_is_refused(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(value)


def test_the_products_are_those_of_the_list_before_the_single_one() -> None:
    one = decode(json.dumps(SMALLEST | {"productId": "a"}).encode())
    several = decode(json.dumps(SMALLEST | {"productId": "a", "productIds": ["b", "c"]}).encode())

    assert (one.products, several.products) == (["a"], ["b", "c"])


def test_times_stand_in_utc_with_milliseconds() -> None:
    moment = datetime(2026, 11, 23, 9, 30, 0, 123_999, tzinfo=timezone(timedelta(hours=1)))

    assert format_timestamp(moment) == "2026-11-23T08:30:00.123Z"


def test_the_schema_is_published(client: Client) -> None:
    answer = client.get("/api/events/schema.json")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == json_schema()
    Draft202012Validator.check_schema(answer.json())
