"""From a call of the tracking API to an event: what is read from it, and what is refused by which name."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracking.strategies import json_values, objects
from tracking.calls import Draft, Sender
from tracking.collector.judging import Refusal, judge
from tracking.events import Event, EventType, decode, encode, format_timestamp, unseal_into
from tracking.refusals import RejectedError

NOW = datetime(2026, 11, 23, 8, 0, 0, 500_000, tzinfo=UTC)
VIEW: dict[str, Any] = {"type": "track", "event": "Product Viewed", "messageId": "m-1", "anonymousId": "v-1"}


def judgement(
    call: object, *, kind: str | None = None, visitor_id: str | None = None, sent_at: str | None = None
) -> Event | RejectedError:
    """The event as its sender gave it, or why there is none."""
    sender = Sender(NOW, format_timestamp(NOW), kind=kind, visitor_id=visitor_id, sent_at=sent_at)
    result = judge(msgspec.json.encode(call), sender)
    return result.error if isinstance(result, Refusal) else unseal_into(result.event, result.identifying)


def event_of(call: object, **request: str | None) -> Event:
    event = judgement(call, **request)
    assert isinstance(event, Event), event
    return event


def refusal_of(call: object, **request: str | None) -> RejectedError:
    error = judgement(call, **request)
    assert isinstance(error, RejectedError), error
    return error


def draft_with(properties: dict[str, Any]) -> Draft:
    draft = judge(msgspec.json.encode(VIEW | {"properties": properties}), Sender(NOW, format_timestamp(NOW)))
    assert isinstance(draft, Draft), draft
    return draft


def ago(**age: float) -> str:
    return format_timestamp(NOW - timedelta(**age))


# -- Products ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("properties", "product_id", "product_ids"),
    [
        ({}, None, []),
        ({"product_id": "mug-7"}, "mug-7", []),
        ({"productId": "mug-7"}, "mug-7", []),
        ({"sku": "mug-7"}, "mug-7", []),
        ({"product_id": "mug-7", "sku": "other"}, "mug-7", []),
        ({"product_id": "", "sku": "mug-7"}, "mug-7", []),
        ({"product_id": None, "sku": "mug-7"}, "mug-7", []),
        ({"product_id": 7}, "7", []),
        ({"product_id": 0}, "0", []),
        ({"product_id": True, "sku": False}, None, []),
        ({"product_id": ["mug-7"]}, None, []),
        ({"products": [{"product_id": "a"}, {"sku": "b"}, {"product_id": 3}]}, None, ["a", "b", "3"]),
        ({"products": [{"product_id": "a"}]}, "a", ["a"]),
        ({"products": [{"product_id": "a"}, {"product_id": "a"}]}, "a", ["a"]),
        ({"product_id": "a", "products": [{"product_id": "b"}, {"product_id": "c"}]}, "a", ["b", "c"]),
        ({"products": [None, "a", {}, {"product_id": ""}, {"product_id": "b"}]}, "b", ["b"]),
        ({"products": {"product_id": "a"}}, None, []),
        ({"products": None}, None, []),
    ],
)
def test_products_are_found_where_senders_put_them(
    properties: dict[str, Any], product_id: str | None, product_ids: list[str]
) -> None:
    event = event_of(VIEW | {"properties": properties})

    assert (event.product_id, event.product_ids) == (product_id, product_ids)


# -- Who, and which event ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cookie", "anonymous_id", "user_id", "visitor_id"),
    [
        ("cookie", "anonymous", "user", "cookie"),
        (None, "anonymous", "user", "anonymous"),
        (None, None, "user", "user"),
        (None, "", "user", "user"),
        (None, 12, None, "12"),
        (None, None, 34, "34"),
    ],
)
def test_the_visitor_is_the_cookies_then_the_anonymous_id_then_the_user(
    cookie: str | None, anonymous_id: str | int | None, user_id: str | int | None, visitor_id: str
) -> None:
    event = event_of(VIEW | {"anonymousId": anonymous_id, "userId": user_id}, visitor_id=cookie)

    assert event.visitor_id == visitor_id
    assert event.user_id == (None if user_id is None else str(user_id))


@pytest.mark.parametrize("message_id", ["any string", "0", 0, 12345678901234567890])
def test_the_senders_message_id_names_the_event(message_id: str | int) -> None:
    assert event_of(VIEW | {"messageId": message_id}).event_id == str(message_id)


@pytest.mark.parametrize("message_id", [None, ""])
def test_an_event_without_message_id_gets_one_of_its_own(message_id: str | None) -> None:
    first, second = (event_of(VIEW | {"messageId": message_id}).event_id for _ in range(2))

    assert first
    assert first != second


def test_the_address_says_the_type_before_the_call_does() -> None:
    assert event_of(VIEW | {"type": "track"}, kind="page").type is EventType.PAGE
    assert event_of(VIEW, kind=None).type is EventType.TRACK


def test_a_pages_name_stands_in_its_properties() -> None:
    event = event_of({"type": "page", "name": "Mugs", "anonymousId": "v", "properties": {"path": "/c/mugs/"}})

    assert event.properties == {"path": "/c/mugs/", "name": "Mugs"}
    assert event.event is None


def test_traits_stand_in_the_properties() -> None:
    event = event_of({"type": "identify", "userId": "u-1", "traits": {"plan": "gold"}})

    assert event.properties == {"traits": {"plan": "gold"}}


def test_nulls_and_unknown_fields_are_passed_over() -> None:
    nothing = dict.fromkeys(["userId", "name", "properties", "traits", "context", "timestamp", "sentAt"])
    event = event_of(VIEW | nothing | {"integrations": {"All": True}, "channel": "browser"})

    assert (event.event, event.visitor_id, event.properties, event.context) == (
        "Product Viewed",
        "v-1",
        {},
        {},
    )


def test_what_senders_leave_empty_is_passed_over() -> None:
    empty = dict.fromkeys(["userId", "name", "properties", "traits", "context", "timestamp", "sentAt"], "")
    event = event_of(VIEW | empty | {"properties": []})

    assert (event.user_id, event.properties, event.context) == (None, {}, {})
    assert event.occurred_at == format_timestamp(NOW)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("19.90", 19.9), ("3", 3), (" 3 ", 3), ("-2.5", -2.5), (19.9, 19.9), (0, 0)],
)
def test_numbers_as_texts_are_numbers(given: Any, kept: float) -> None:
    draft = draft_with({"price": given, "quantity": given})

    assert draft.event.properties == {"price": kept, "quantity": kept}
    assert draft.identifying == {}


@pytest.mark.parametrize("given", ["cheap", "1,5", "1e400", "NaN", True, [], {}])
def test_what_is_no_number_is_kept_as_it_is(given: Any) -> None:
    draft = draft_with({"price": given})

    assert draft.event.properties == {}
    assert draft.identifying["properties"] == {"price": given}


def test_only_what_says_something_of_products_stays_in_the_clear() -> None:
    draft = draft_with(
        {
            "product_id": "mug-7",
            "list_id": "home",
            "position": 3,
            "order_id": "O-1",
            "category": "Mugs & cups",
        }
        | {"email": "ada@example.com", "search": "gift for Ada", "url": "http://x/?q=Ada", "phone": 123456}
        | {"list": "ada@example.com", "products": [{"sku": "a", "price": "2", "engraving": "Ada"}, "Ada"]}
    )

    assert b"da" not in encode(draft.event)
    assert b"123456" not in encode(draft.event)
    assert draft.event.properties == {
        "product_id": "mug-7",
        "list_id": "home",
        "position": 3,
        "order_id": "O-1",
        "category": "Mugs & cups",
        "products": [{"sku": "a", "price": 2}, {}],
    }
    assert set(draft.identifying["properties"]) == {"email", "search", "url", "phone", "list", "products"}


# -- In which list --------------------------------------------------------------------------------------------
LISTED = {
    "list_id": "home",
    "products": [{"product_id": "a", "position": 3}, {"sku": "b"}, {"sku": "c", "position": "5"}],
}


def test_the_products_of_a_list_stand_with_their_positions() -> None:
    event = event_of(VIEW | {"event": "Product List Viewed", "properties": LISTED})

    assert (event.list_id, event.products, event.positions) == ("home", ["a", "b", "c"], [3, 0, 5])


def test_a_product_that_is_listed_twice_stands_where_it_came_first() -> None:
    again = LISTED | {"products": [*LISTED["products"], {"product_id": "a", "position": 9}]}

    event = event_of(VIEW | {"event": "Product List Viewed", "properties": again})

    assert (event.products, event.positions) == (["a", "b", "c"], [3, 0, 5])


def test_a_clicked_product_has_the_one_position() -> None:
    event = event_of(VIEW | {"properties": {"product_id": "a", "list_id": 7, "position": "2"}})

    assert (event.list_id, event.products, event.positions) == ("7", ["a"], [2])


@pytest.mark.parametrize("position", [None, 0, -1, 1.5, "first", "", True, 10_001, [1], {}])
def test_what_is_no_position_is_none(position: Any) -> None:
    event = event_of(VIEW | {"properties": {"product_id": "a", "list_id": "home", "position": position}})

    assert (event.list_id, event.positions) == ("home", [])


@pytest.mark.parametrize("list_id", [None, "", "ada@example.com", "l" * 101, True, ["home"]])
def test_what_is_no_list_has_no_positions(list_id: Any) -> None:
    event = event_of(VIEW | {"properties": {"product_id": "a", "list_id": list_id, "position": 1}})

    assert (event.list_id, event.positions) == (None, [])


def test_a_list_without_products_has_no_positions() -> None:
    event = event_of(VIEW | {"properties": {"list_id": "home", "position": 1}})

    assert (event.list_id, event.products, event.positions) == ("home", [], [])


# -- When ----------------------------------------------------------------------------------------------------
def test_a_wrong_clock_is_corrected_by_when_the_sender_says_it_sent() -> None:
    an_hour_fast = NOW + timedelta(hours=1)
    happened, sent = format_timestamp(an_hour_fast - timedelta(seconds=5)), format_timestamp(an_hour_fast)

    event = event_of(VIEW | {"timestamp": happened, "sentAt": sent})

    assert event.occurred_at == ago(seconds=5)
    assert event.received_at == format_timestamp(NOW)


def test_a_calls_own_time_of_sending_goes_before_its_batchs() -> None:
    call = VIEW | {"timestamp": ago(seconds=10)}

    assert event_of(call, sent_at=ago(seconds=4)).occurred_at == ago(seconds=6)
    assert event_of(call | {"sentAt": ago(seconds=9)}, sent_at=ago(seconds=4)).occurred_at == ago(seconds=1)


@pytest.mark.parametrize(
    "times", [{}, {"timestamp": ago(days=1)}, {"sentAt": ago(days=1)}, {"timestamp": ""}]
)
def test_without_both_times_the_event_occurred_when_it_was_received(times: dict[str, str]) -> None:
    assert event_of(VIEW | times).occurred_at == format_timestamp(NOW)


def test_no_event_occurred_after_it_was_received() -> None:
    event = event_of(VIEW | {"timestamp": ago(seconds=-30), "sentAt": ago(seconds=0)})

    assert event.occurred_at == event.received_at


@pytest.mark.parametrize("zone", ["", "Z", "+00:00"])
def test_a_time_without_zone_is_utc(zone: str) -> None:
    event = event_of(
        VIEW | {"timestamp": f"2026-11-23T07:59:00{zone}", "sentAt": f"2026-11-23T08:00:00{zone}"}
    )

    assert event.occurred_at == ago(minutes=1)


def test_zones_are_counted_in() -> None:
    event = event_of(VIEW | {"timestamp": "2026-11-23T08:59:00+01:00", "sentAt": "2026-11-23T08:00:00Z"})

    assert event.occurred_at == ago(minutes=1)


@pytest.mark.parametrize(
    "age", [timedelta(days=30), timedelta(0), timedelta(hours=-24)], ids=["30 days", "now", "24 hours ahead"]
)
def test_the_clocks_range_is_taken_to_its_ends(age: timedelta) -> None:
    event = event_of(VIEW | {"timestamp": format_timestamp(NOW - age), "sentAt": format_timestamp(NOW)})

    assert event.occurred_at == format_timestamp(min(NOW, NOW - age))


@pytest.mark.parametrize("age", [timedelta(days=30, milliseconds=1), timedelta(hours=-24, milliseconds=-1)])
def test_a_clock_out_of_range_is_refused(age: timedelta) -> None:
    times = {"timestamp": format_timestamp(NOW - age), "sentAt": format_timestamp(NOW)}

    assert refusal_of(VIEW | times).field == "timestamp"


# -- What is refused -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": None}, "type"),
        ({"type": "click"}, "type"),
        ({"type": 5}, "type"),
        ({"event": None}, "event"),
        ({"event": ""}, "event"),
        ({"event": 5}, "event"),
        ({"event": "n" * 201}, "event"),
        ({"event": "nul\x00"}, "event"),
        ({"anonymousId": None}, "anonymousId"),
        ({"anonymousId": ""}, "anonymousId"),
        ({"anonymousId": "v" * 101}, "anonymousId"),
        ({"anonymousId": "nul\x00"}, "anonymousId"),
        ({"anonymousId": True}, "anonymousId"),
        ({"anonymousId": 1.5}, "anonymousId"),
        ({"userId": "u" * 101}, "userId"),
        ({"userId": {}}, "userId"),
        ({"messageId": "m" * 101}, "messageId"),
        ({"messageId": []}, "messageId"),
        ({"properties": ["a"]}, "properties"),
        ({"properties": {"product_id": "p" * 101}}, "properties.product_id"),
        ({"properties": {"product_id": "nul\x00"}}, "properties.product_id"),
        ({"properties": {"sku": "p" * 101}}, "properties.sku"),
        ({"properties": {"products": [{"product_id": f"p{n}"} for n in range(101)]}}, "properties.products"),
        ({"properties": {"products": [{"product_id": "nul\x00"}]}}, "properties.products.product_id"),
        ({"context": "browser"}, "context"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": True}, "timestamp"),
        ({"sentAt": "soon", "timestamp": ago(seconds=1)}, "sentAt"),
    ],
)
def test_a_refusal_names_the_field_as_the_sender_wrote_it(change: dict[str, Any], field: str) -> None:
    error = refusal_of(VIEW | change)

    assert error.field == field
    assert error.detail


def test_a_batchs_unreadable_time_of_sending_is_refused() -> None:
    assert refusal_of(VIEW | {"timestamp": ago(seconds=1)}, sent_at="soon").field == "sentAt"


def test_a_refusal_says_what_would_be_accepted() -> None:
    assert "page, track, identify, alias, group, screen" in refusal_of(VIEW | {"type": "click"}).detail


@pytest.mark.parametrize("call", [None, 5, "track", [], [VIEW]])
def test_what_is_no_call_is_refused(call: object) -> None:
    assert refusal_of(call).field == "event"


def test_a_call_nested_too_deeply_is_refused() -> None:
    nest = b"[" * 2000 + b"]" * 2000
    text = msgspec.json.encode(VIEW | {"properties": {"nest": "NEST"}}).replace(b'"NEST"', nest)

    refusal = judge(text, Sender(NOW, format_timestamp(NOW)))

    assert isinstance(refusal, Refusal)
    assert (refusal.error.field, refusal.error.detail) == ("event", "is nested too deeply")


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ["type", "messageId", "anonymousId", "userId", "event", "name", "timestamp", "sentAt"],
            json_values,
        )
        | {"properties": objects | json_values, "traits": objects, "context": objects},
    )
)
def test_any_call_is_an_event_of_the_contract_or_refused_by_name(change: dict[str, Any]) -> None:
    judged = judgement(VIEW | change)
    if isinstance(judged, RejectedError):
        assert judged.field
    else:
        assert decode(encode(judged)) == judged
        assert judged.occurred_at <= judged.received_at
