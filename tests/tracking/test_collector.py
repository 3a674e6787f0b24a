"""The collector on the real Kafka: what it answers, and what is in the topic when it does."""

import asyncio
import base64
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pytest_django import Settings

from tests.tracking.conftest import Records
from tracking.collector.judging import MAX_EVENT_BYTES
from tracking.collector.request import MAX_BODY_BYTES
from tracking.database import in_database
from tracking.events import SCHEMA_VERSION, SCHEMA_VERSION_HEADER, Event, decode
from tracking.sealing import unsealed
from tracking.visitors import COOKIE, cookie_of_visitor

WRITE_KEY = "a key that may write"


@pytest.fixture(autouse=True)
def write_key(settings: Settings) -> None:
    settings.WRITE_KEY = WRITE_KEY


@pytest.fixture
def visitor() -> str:
    return f"visitor-{uuid4()}"


def view(visitor_id: str | None, **fields: Any) -> dict[str, Any]:
    call = {"type": "track", "event": "Product Viewed", "messageId": str(uuid4())}
    return call | ({"anonymousId": visitor_id} if visitor_id else {}) | fields


async def post(
    sender: httpx.AsyncClient,
    address: str,
    body: Any,
    *,
    content_type: str = "application/json",
    key: str = WRITE_KEY,
) -> httpx.Response:
    """Sends `body` as JSON, or as it is where it is bytes, with the key as Basic user name."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    basic = base64.b64encode(f"{key}:".encode()).decode()
    headers = {"Content-Type": content_type} | ({"Authorization": f"Basic {basic}"} if key else {})
    return await sender.post(address, content=content, headers=headers)


def answer(response: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(response.content)
    return body


def events_in(records: Records, visitor_id: str) -> list[Event]:
    return [decode(record.value() or b"") for record in records(visitor_id)]


# -- 200: the brokers have it ---------------------------------------------------------------------------------
async def test_an_answered_event_is_in_the_topic(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    call = view(visitor, properties={"product_id": "mug-7", "price": 12.5}, context={"locale": "en"})

    response = await post(sender, "/v1/track", call)

    assert response.status_code == 200
    assert answer(response) == {"success": True, "messageId": call["messageId"], "status": "accepted"}
    (record,) = records(visitor)
    event = decode(record.value() or b"")
    assert record.key() == visitor.encode()
    assert record.headers() == [(SCHEMA_VERSION_HEADER, str(SCHEMA_VERSION).encode())]
    assert (event.event_id, event.type, event.event) == (call["messageId"], "track", "Product Viewed")
    assert (event.visitor_id, event.product_id) == (visitor, "mug-7")
    assert event.properties == call["properties"]
    whole = await in_database(unsealed, event)
    assert whole is not None
    assert whole.context == {"locale": "en"}


async def test_a_visitors_events_keep_their_order(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    calls = [view(visitor, messageId=f"m-{number}") for number in range(50)]

    await post(sender, "/v1/batch", {"batch": calls[:30]})
    await post(sender, "/v1/batch", {"batch": calls[30:]})

    assert [event.event_id for event in events_in(records, visitor)] == [
        f"m-{number}" for number in range(50)
    ]
    assert len({record.partition() for record in records(visitor)}) == 1


async def test_many_senders_at_once_are_each_answered(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    responses = await asyncio.gather(
        *(post(sender, "/v1/track", view(visitor, messageId=f"m-{n}")) for n in range(40))
    )

    assert {response.status_code for response in responses} == {200}
    assert {event.event_id for event in events_in(records, visitor)} == {f"m-{n}" for n in range(40)}


@pytest.mark.parametrize("kind", ["track", "page", "identify", "alias", "group", "screen"])
async def test_the_address_says_which_call_it_is(
    sender: httpx.AsyncClient, records: Records, visitor: str, kind: str
) -> None:
    response = await post(sender, f"/v1/{kind}", {"event": "Named", "anonymousId": visitor})

    assert response.status_code == 200
    assert [event.type for event in events_in(records, visitor)] == [kind]


async def test_a_beacons_text_is_read_as_json(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    body = {"writeKey": WRITE_KEY, "batch": [view(visitor)]}

    response = await post(sender, "/v1/batch", body, content_type="text/plain;charset=UTF-8", key="")

    assert response.status_code == 200
    assert len(events_in(records, visitor)) == 1


# -- Batches: each event is judged on its own -----------------------------------------------------------------
async def test_a_bad_event_does_not_sink_the_rest(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    calls = [view(visitor, messageId="first"), view(visitor, messageId="bad", event=""), 5, view(visitor)]

    response = await post(sender, "/v1/batch", {"batch": calls})

    assert response.status_code == 200
    first, bad, number, last = answer(response)["results"]
    assert answer(response)["success"] is True
    assert (first["messageId"], first["status"]) == ("first", "accepted")
    assert (bad["messageId"], bad["status"], bad["field"]) == ("bad", "rejected", "event")
    assert bad["reason"]
    assert (number["messageId"], number["status"]) == (None, "rejected")
    assert last["status"] == "accepted"
    assert [event.event_id for event in events_in(records, visitor)] == ["first", last["messageId"]]


async def test_a_batch_of_bad_events_is_answered_for_each(sender: httpx.AsyncClient) -> None:
    response = await post(sender, "/v1/batch", {"batch": [view(None), {"type": "nothing"}]})

    assert response.status_code == 200
    assert [result["field"] for result in answer(response)["results"]] == ["anonymousId", "type"]


async def test_an_empty_batch_is_fine(sender: httpx.AsyncClient) -> None:
    response = await post(sender, "/v1/batch", {"batch": []})

    assert (response.status_code, answer(response)) == (200, {"success": True, "results": []})


async def test_an_event_too_large_is_rejected_alone(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    large = view(visitor, properties={"text": "x" * MAX_EVENT_BYTES})

    response = await post(sender, "/v1/batch", {"batch": [large, view(visitor, messageId="small")]})

    assert [result["status"] for result in answer(response)["results"]] == ["rejected", "accepted"]
    assert answer(response)["results"][0]["field"] == "event"
    assert [event.event_id for event in events_in(records, visitor)] == ["small"]


# -- 400: names the field and the reason ----------------------------------------------------------------------
async def test_a_bad_call_is_refused_by_field_and_reason(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    response = await post(sender, "/v1/track", view(visitor, messageId="m", event=None))

    assert response.status_code == 400
    assert answer(response)["success"] is False
    assert (answer(response)["messageId"], answer(response)["field"]) == ("m", "event")
    assert answer(response)["reason"]
    assert records(visitor) == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5000, b'{"event": "\\ud800"}']
)
async def test_an_unreadable_body_is_refused(sender: httpx.AsyncClient, body: bytes) -> None:
    response = await post(sender, "/v1/batch", body)

    assert (response.status_code, answer(response)["field"]) == (400, "body")


@pytest.mark.parametrize("batch", [None, {}, "events", 5])
async def test_a_batch_without_list_is_refused(sender: httpx.AsyncClient, batch: Any) -> None:
    response = await post(sender, "/v1/batch", {"batch": batch})

    assert (response.status_code, answer(response)["field"]) == (400, "batch")


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 8 * MAX_BODY_BYTES], ids=["just", "by far"])
async def test_a_body_too_large_is_refused(sender: httpx.AsyncClient, visitor: str, size: int) -> None:
    body = json.dumps(view(visitor)).encode()

    response = await post(sender, "/v1/track", body + b" " * (size - len(body)))

    assert (response.status_code, answer(response)["field"]) == (400, "body")
    assert f"{MAX_BODY_BYTES // 1024} KB" in answer(response)["reason"]


async def test_no_depth_of_nesting_is_an_error_of_the_server(sender: httpx.AsyncClient, visitor: str) -> None:
    statuses = set()
    for depth in range(700, 1000, 3):
        nest = b'{"nest":' + b"[" * depth + b"]" * depth + b"}"
        call = json.dumps(view(visitor, properties="NEST")).encode().replace(b'"NEST"', nest)
        statuses.add((await post(sender, "/v1/track", call)).status_code)

    assert statuses == {200, 400}


# -- 401 ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", ["", "wrong", WRITE_KEY + "x", "\u00e9"])
async def test_an_unknown_key_is_refused(
    sender: httpx.AsyncClient, records: Records, visitor: str, key: str
) -> None:
    response = await post(sender, "/v1/track", view(visitor, writeKey=key), key=key)

    assert (response.status_code, answer(response)["field"]) == (401, "writeKey")
    assert records(visitor) == []


async def test_the_key_may_stand_in_the_body(sender: httpx.AsyncClient, visitor: str) -> None:
    response = await post(sender, "/v1/track", view(visitor, writeKey=WRITE_KEY), key="")

    assert response.status_code == 200


@pytest.mark.parametrize("header", ["Bearer abc", "Basic", "Basic ***", "Basic /w=="])
async def test_a_header_that_holds_no_key_is_refused(
    sender: httpx.AsyncClient, visitor: str, header: str
) -> None:
    response = await sender.post("/v1/track", json=view(visitor), headers={"Authorization": header})

    assert response.status_code == 401


@pytest.mark.parametrize("address", ["/v1/track", "/v1/batch"])
async def test_events_are_posted_only(sender: httpx.AsyncClient, address: str) -> None:
    assert (await sender.get(address)).status_code == 405


# -- Who the visitor is ---------------------------------------------------------------------------------------
async def test_the_cookies_visitor_goes_before_the_bodys(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    other = f"other-{visitor}"
    sender.cookies[COOKIE] = cookie_of_visitor(visitor)

    await post(sender, "/v1/track", view(other))

    assert len(records(visitor)) == 1
    assert records(other) == []


async def test_a_forged_cookie_is_passed_over(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    victim = f"victim-{visitor}"
    sender.cookies[COOKIE] = cookie_of_visitor(visitor).replace(visitor, victim)

    await post(sender, "/v1/track", view(visitor))

    assert len(records(visitor)) == 1
    assert records(victim) == []


async def test_without_cookie_and_ids_there_is_no_visitor(sender: httpx.AsyncClient) -> None:
    response = await post(sender, "/v1/track", view(None))

    assert (response.status_code, answer(response)["field"]) == (400, "anonymousId")
