"""What Segment's clients rely on: packed bodies, short paths, other origins, keys with limits, refused events kept."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pytest_django import Settings

from tests.tracking.conftest import Records
from tracking.collector.app import SHORT
from tracking.collector.request import MAX_BODY_BYTES
from tracking.counts import counts, write
from tracking.database import in_database
from tracking.events import Event, decode, format_timestamp
from tracking.keys import ring
from tracking.models import CollectedMinute, Person, VisitorKey, WriteKey
from tracking.rejected import Cap, Rejection, body_of
from tracking.sealing import unsealed
from tracking.visitors import COOKIE, cookie_of_visitor, new_visitor_id

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
MINUTES = timedelta(minutes=5)

Rejections = Callable[[], list[Rejection]]


async def key_with(**fields: Any) -> WriteKey:
    """An active key that the collector knows at once."""
    key = await WriteKey.objects.acreate(name=f"key-{uuid4()}", **fields)
    ring.read_at = 0.0
    return key


@pytest.fixture
def visitor() -> str:
    return f"visitor-{uuid4()}"


def view(visitor_id: str | None, **fields: Any) -> dict[str, Any]:
    call = {"type": "track", "event": "Product Viewed", "messageId": str(uuid4()), "anonymousId": visitor_id}
    return call | {"properties": {"product_id": "mug-7"}} | fields


async def post(
    sender: httpx.AsyncClient, key: WriteKey, path: str, body: Any, **headers: str
) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await sender.post(path, content=content, headers=named, auth=(key.key, ""))


def events_in(records: Records, visitor_id: str) -> list[Event]:
    return [decode(record.value() or b"") for record in records(visitor_id)]


# -- Bodies ------------------------------------------------------------------------------------------------------
async def test_a_packed_body_is_unpacked(sender: httpx.AsyncClient, records: Records, visitor: str) -> None:
    packed = gzip.compress(json.dumps({"batch": [view(visitor)]}).encode())

    response = await post(sender, await key_with(), "/v1/batch", packed, content_encoding="gzip")

    assert response.json()["results"][0]["status"] == "accepted"
    assert len(events_in(records, visitor)) == 1


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"{}")[:-9], gzip.compress(b" " * (MAX_BODY_BYTES + 1))],
    ids=["not packed", "cut off", "a bomb"],
)
async def test_a_body_that_cannot_be_unpacked_is_refused(sender: httpx.AsyncClient, body: bytes) -> None:
    response = await post(sender, await key_with(), "/v1/batch", body, content_encoding="gzip")

    assert (response.status_code, response.json()["field"]) == (400, "body")


async def test_an_unknown_encoding_is_refused_with_what_is_accepted(sender: httpx.AsyncClient) -> None:
    response = await post(sender, await key_with(), "/v1/batch", b"{}", content_encoding="br")

    assert response.status_code == 400
    assert "gzip" in response.json()["reason"]


@pytest.mark.parametrize(("short", "kind"), SHORT.items())
async def test_short_paths_are_the_long_ones(
    sender: httpx.AsyncClient, records: Records, visitor: str, short: str, kind: str
) -> None:
    call = view(visitor)
    body = {"batch": [call]} if kind == "batch" else call

    assert (await post(sender, await key_with(), f"/v1/{short}", body)).status_code == 200
    assert [event.type for event in events_in(records, visitor)] == ["track" if kind == "batch" else kind]


async def test_the_browser_sdk_gets_its_settings(sender: httpx.AsyncClient) -> None:
    key = await key_with()

    response = await sender.get(f"/v1/projects/{key.key}/settings", headers={"Origin": "https://a.example"})

    assert response.json()["integrations"]["Segment.io"]["apiKey"] == key.key
    assert response.json()["metrics"] == {"sampleRate": 0}  # or it would report on itself
    assert response.headers["access-control-allow-origin"] == "https://a.example"
    assert (await sender.get("/v1/projects/unknown/settings")).status_code == 404


async def test_the_browser_sdk_is_sent_to_the_address_that_the_proxy_has(
    sender: httpx.AsyncClient, settings: Settings
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.ALLOWED_HOSTS = ["shop.example"]
    address = f"/v1/projects/{(await key_with()).key}/settings"
    asked = {"Host": "shop.example", "X-Forwarded-Proto": "https"}

    told = (await sender.get(address, headers=asked)).json()["integrations"]["Segment.io"]
    elsewhere = await sender.get(address, headers=asked | {"Host": "elsewhere.example"})

    assert (told["protocol"], told["apiHost"]) == ("https", "shop.example/v1")
    assert elsewhere.status_code == 400


# -- Other origins -----------------------------------------------------------------------------------------------
async def test_a_preflight_is_answered_for_an_allowed_origin_only(sender: httpx.AsyncClient) -> None:
    await WriteKey.objects.all().adelete()
    await WriteKey.objects.acreate(name="shop", allowed_origins=["https://a.example"])
    ring.read_at = 0.0
    await in_database(lambda: WriteKey.objects.exclude(name="shop").update(is_active=False))

    async def preflight(origin: str) -> httpx.Response:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        return await sender.options("/v1/t", headers={"Origin": origin} | asked)

    await preflight("https://a.example")
    await WriteKey.objects.exclude(name="shop").aupdate(is_active=False)  # the environment's own, just made
    ring.read_at = 0.0
    allowed, refused = await preflight("https://a.example"), await preflight("https://b.example")

    assert allowed.headers["access-control-allow-origin"] == "https://a.example"
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert allowed.headers["access-control-allow-headers"] == "content-type"
    assert "access-control-allow-origin" not in refused.headers


async def test_a_key_takes_events_from_its_origins_only(
    sender: httpx.AsyncClient, records: Records, rejections: Rejections, visitor: str
) -> None:
    key = await key_with(allowed_origins=["https://a.example"])

    mine = await post(sender, key, "/v1/t", view(visitor), origin="https://a.example")
    other = await post(sender, key, "/v1/t", view(visitor), origin="https://b.example")
    server = await post(sender, key, "/v1/t", view(visitor))

    assert (mine.status_code, other.status_code, server.status_code) == (200, 403, 200)
    assert mine.headers["access-control-allow-origin"] == "https://a.example"
    assert len(events_in(records, visitor)) == 2
    assert [r.reason for r in rejections() if r.source == key.name] == ["bad_key"]


# -- Keys --------------------------------------------------------------------------------------------------------
async def test_a_key_that_is_switched_off_is_refused(sender: httpx.AsyncClient, visitor: str) -> None:
    key = await key_with(is_active=False)

    assert (await post(sender, key, "/v1/track", view(visitor))).status_code == 401


async def test_two_keys_are_valid_at_once(sender: httpx.AsyncClient, records: Records, visitor: str) -> None:
    for key in [await key_with(), await key_with()]:
        assert (await post(sender, key, "/v1/track", view(visitor))).status_code == 200

    assert len({event.source for event in events_in(records, visitor)}) == 2


async def test_beyond_its_rate_a_key_is_told_when_to_come_back(
    sender: httpx.AsyncClient, visitor: str
) -> None:
    key = await key_with(rate_limit=5)

    responses = [await post(sender, key, "/v1/track", view(visitor)) for _ in range(12)]

    assert [response.status_code for response in responses[:10]] == [200] * 10
    assert responses[-1].status_code == 429
    assert int(responses[-1].headers["retry-after"]) >= 1


@pytest.mark.parametrize(("may_backfill", "status"), [(False, 400), (True, 200)])
async def test_only_a_key_that_may_backfill_sends_the_distant_past(
    sender: httpx.AsyncClient, records: Records, visitor: str, may_backfill: bool, status: int
) -> None:
    now = datetime.now(UTC)
    times = {"timestamp": format_timestamp(now - timedelta(days=90)), "sentAt": format_timestamp(now)}

    response = await post(
        sender, await key_with(may_backfill=may_backfill), "/v1/track", view(visitor, **times)
    )

    assert response.status_code == status
    if may_backfill:
        (event,) = events_in(records, visitor)
        assert now - datetime.fromisoformat(event.occurred_at) > timedelta(days=89)


async def test_nobody_but_its_cookie_speaks_for_a_browser_with_a_public_key(
    sender: httpx.AsyncClient, records: Records
) -> None:
    claimed = new_visitor_id()
    public = await key_with()
    server = await key_with(kind="server")

    refused = await post(sender, public, "/v1/track", view(claimed))
    by_server = await post(sender, server, "/v1/track", view(claimed))
    by_cookie = await post(
        sender, public, "/v1/track", view(None), cookie=f"{COOKIE}={cookie_of_visitor(claimed)}"
    )

    assert (refused.status_code, refused.json()["code"]) == (400, "bad_key")
    assert (by_server.status_code, by_cookie.status_code) == (200, 200)
    assert len(events_in(records, claimed)) == 2


# -- Refused events ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "click"}, "unknown_type"),
        ({"event": ""}, "malformed"),
        ({"anonymousId": None}, "missing_id"),
        ({"timestamp": "2020-01-01", "sentAt": "2026-01-01"}, "clock"),
        ({"properties": {"text": "x" * 40_000}}, "too_large"),
    ],
)
async def test_a_refused_event_is_kept_whole_with_the_type_of_reason(
    sender: httpx.AsyncClient, rejections: Rejections, visitor: str, change: dict[str, Any], reason: str
) -> None:
    key = await key_with()
    call = view(visitor) | change

    response = await post(sender, key, "/v1/batch", {"batch": [call, view(visitor)]})

    assert response.json()["results"][0]["code"] == reason
    (kept,) = [rejection for rejection in rejections() if rejection.source == key.name]
    assert kept.reason == reason
    known = await VisitorKey.objects.filter(visitor_id=kept.visitor_id).afirst()
    body = body_of(kept, bytes(known.key) if known else None)
    assert body is not None
    assert json.loads(body) == call


async def test_an_unreadable_body_is_kept_as_it_came(
    sender: httpx.AsyncClient, rejections: Rejections
) -> None:
    key = await key_with()

    await post(sender, key, "/v1/batch", b'{"batch": \xff')

    (kept,) = [rejection for rejection in rejections() if rejection.source == key.name]
    assert (kept.reason, body_of(kept, None)) == ("malformed", b'{"batch": \xff')


async def test_a_hostile_sender_cannot_fill_the_disk(
    sender: httpx.AsyncClient, collector: Any, rejections: Rejections
) -> None:
    key = await key_with()
    await post(sender, key, "/v1/batch", b"first")
    collector.intake.cap = Cap(burst=100, per_second=0)

    for _ in range(5):
        await post(sender, key, "/v1/batch", b"x" * 40)

    assert len([rejection for rejection in rejections() if rejection.source == key.name]) == 3
    await in_database(write, counts.take())
    row = await CollectedMinute.objects.aget(source=key.name)
    assert (row.rejected, row.dropped) == (3, 3)


# -- Counts ------------------------------------------------------------------------------------------------------
async def test_events_are_counted_by_minute_source_and_name(sender: httpx.AsyncClient, visitor: str) -> None:
    key = await key_with()
    await post(
        sender, key, "/v1/batch", {"batch": [view(visitor), view(visitor), view(visitor, event="Other")]}
    )
    await post(sender, key, "/v1/track", view(None))

    await in_database(write, counts.take())

    rows = {row.event: row async for row in CollectedMinute.objects.filter(source=key.name)}
    assert (rows["Product Viewed"].accepted, rows["Product Viewed"].rejected) == (2, 1)
    assert rows["Other"].accepted == 1
    seen = await WriteKey.objects.aget(pk=key.pk)
    assert seen.last_seen_at is not None
    assert datetime.now(UTC) - seen.last_seen_at < MINUTES


# -- Who it is ---------------------------------------------------------------------------------------------------
async def test_a_user_is_one_person_on_two_browsers(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    key, user = await key_with(), f"ada-{uuid4()}@example.com"
    for browser in ("a", "b"):
        await post(sender, key, "/v1/identify", {"anonymousId": f"{visitor}-{browser}", "userId": user})
    await post(sender, key, "/v1/identify", {"anonymousId": f"{visitor}-c", "userId": f"not {user}"})

    (a,), (b,), (c,) = (events_in(records, f"{visitor}-{browser}") for browser in "abc")
    assert a.person_id == b.person_id != c.person_id
    assert a.user_id is None
    assert not await Person.objects.filter(user_token__contains="ada").aexists()


async def test_an_alias_carries_the_person_to_the_new_user_id(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    key, old, new = await key_with(), f"old-{uuid4()}", f"new-{uuid4()}"
    await post(sender, key, "/v1/identify", {"anonymousId": visitor, "userId": old})
    await post(sender, key, "/v1/alias", {"previousId": old, "userId": new})

    (identify,), (alias,) = events_in(records, visitor), events_in(records, old)
    assert identify.person_id == alias.person_id


async def test_an_alias_of_an_anonymous_visitor_joins_it(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    key, user = await key_with(), f"user-{uuid4()}"
    await post(sender, key, "/v1/identify", {"anonymousId": f"other-{visitor}", "userId": user})
    await post(sender, key, "/v1/alias", {"previousId": visitor, "userId": user})

    (joined,), (other,) = events_in(records, visitor), events_in(records, f"other-{visitor}")
    assert joined.person_id == other.person_id


async def test_without_the_right_to_identify_nobody_is_joined(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    key = await key_with(may_identify=False)

    response = await post(sender, key, "/v1/identify", {"anonymousId": visitor, "userId": "ada"})

    assert (response.status_code, response.json()["field"]) == (400, "userId")
    assert records(visitor) == []


# -- Consent and bots --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("headers", [{"dnt": "1"}, {"sec_gpc": "1"}, {"cookie": "consent=denied"}])
async def test_without_consent_nothing_is_stored_but_a_count(
    sender: httpx.AsyncClient, records: Records, rejections: Rejections, visitor: str, headers: dict[str, str]
) -> None:
    key = await key_with()

    response = await post(sender, key, "/v1/batch", {"batch": [view(visitor)]}, **headers)

    assert response.json()["results"][0]["code"] == "consent"
    assert records(visitor) == []
    assert [rejection for rejection in rejections() if rejection.source == key.name] == []
    assert not await VisitorKey.objects.filter(visitor_id=visitor).aexists()
    await in_database(write, counts.take())
    row = await CollectedMinute.objects.aget(source=key.name)
    assert (row.without_consent, row.accepted, row.rejected) == (1, 0, 0)


async def test_opt_in_asks_first(
    sender: httpx.AsyncClient, records: Records, visitor: str, settings: Settings
) -> None:
    settings.TRACKING_CONSENT = "opt-in"
    browser, server = await key_with(), await key_with(kind="server")

    await post(sender, browser, "/v1/track", view(visitor))
    await post(sender, browser, "/v1/track", view(visitor), cookie="consent=granted")
    await post(sender, server, "/v1/track", view(visitor))

    assert len(events_in(records, visitor)) == 2


@pytest.mark.parametrize(("policy", "left_out"), [("leave-out", True), ("mark", False)])
async def test_a_bot_is_marked(
    sender: httpx.AsyncClient,
    records: Records,
    visitor: str,
    settings: Settings,
    policy: str,
    left_out: bool,
) -> None:
    settings.TRACKING_BOTS = policy
    browser, server = await key_with(), await key_with(kind="server")
    for key, agent in ((browser, CHROME), (browser, GOOGLEBOT), (server, GOOGLEBOT)):
        await post(sender, key, "/v1/track", view(visitor), user_agent=agent)

    marks = [(event.bot, event.left_out) for event in events_in(records, visitor)]
    assert marks == [(False, False), (True, left_out), (False, False)]


@pytest.mark.parametrize(
    ("trusted", "kept"), [(None, "127.0.0.0"), (("HTTP_X_FORWARDED_PROTO", "https"), "198.51.100.0")]
)
async def test_behind_a_trusted_proxy_the_address_is_what_it_says(
    sender: httpx.AsyncClient,
    records: Records,
    visitor: str,
    settings: Settings,
    trusted: tuple[str, str] | None,
    kept: str,
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = trusted
    key = await key_with()
    await post(
        sender,
        key,
        "/v1/track",
        view(visitor),
        user_agent=CHROME,
        x_forwarded_for="203.0.113.9, 198.51.100.7",
    )

    (event,) = [await in_database(unsealed, event) for event in events_in(records, visitor)]
    assert event is not None
    assert event.context["ip"] == kept


async def test_addresses_are_cut_before_they_are_sealed(
    sender: httpx.AsyncClient, records: Records, visitor: str
) -> None:
    key = await key_with()
    await post(sender, key, "/v1/track", view(visitor), user_agent=CHROME)
    await post(sender, key, "/v1/track", view(visitor, context={"ip": "203.0.113.77"}), user_agent=CHROME)

    events = [await in_database(unsealed, event) for event in events_in(records, visitor)]
    assert [event.context["ip"] for event in events if event] == ["127.0.0.0", "203.0.113.0"]
